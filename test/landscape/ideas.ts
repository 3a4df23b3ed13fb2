/**
 * Simulation only: what the simulated models know of language. An idea is something that an instruction can ask for;
 * it can be said in several ways, and all of them mean the same to both models. Nothing here says which ideas help in
 * which landscape: that is drawn from the landscape's seed, and only its target knows it.
 */

export interface Idea {
  id: string;
  /** Ways to say it. An idea is read in a sentence that holds all starred words of one way. */
  phrasings: readonly string[];
  /** Parts of inputs that call for it; none for an idea about answering in general. */
  hints: readonly string[];
  /** How readily a model thinks of it unasked; 1 is usual. */
  appeal: number;
}

const idea = (
  id: string,
  appeal: number,
  phrasings: readonly string[],
  hints: readonly string[] = [],
): Idea => ({
  id,
  appeal,
  phrasings,
  hints,
});

/** Each is called for by some inputs, which show it in their words. */
const ABOUT_INPUTS: readonly Idea[] = [
  idea(
    'negation',
    1,
    [
      'watch for *negation* that turns the meaning round',
      'words like *not* and *never* reverse what is said',
      'mind every *denial* before you judge',
      'check whether a statement is *negated*',
    ],
    ['was never what we agreed on', 'is not at all as promised', 'did not arrive once'],
  ),
  idea(
    'sarcasm',
    0.8,
    [
      'take *sarcasm* as the opposite of its words',
      'read *ironic* praise as a complaint',
      'notice *mocking* remarks and what they really mean',
      'do not take *irony* literally',
    ],
    ['oh great, one more delay', 'what a lovely surprise, broken again', 'brilliant work as always, sure'],
  ),
  idea(
    'dates',
    0.8,
    [
      'work out every *date* on a *calendar*',
      'count *days* across the ends of *months*',
      'mind *leap* years and month lengths',
      'turn relative times into *exact* *dates*',
    ],
    ['two days after 28 February', 'the Friday before last', 'a week from the end of April'],
  ),
  idea(
    'units',
    0.7,
    [
      '*bring* all *units* of measure to one',
      '*convert* pounds, miles and inches first',
      'compare *quantities* only in the same *measure*',
      'put weights and lengths on one *scale*',
    ],
    ['weighs 3 lb and 200 g', 'is 5 feet and 12 cm long', 'covers 2 miles and 300 metres'],
  ),
  idea(
    'quotes',
    0.6,
    [
      'tell *quoted* words of others from the writer’s own',
      'what stands in *quotation* marks is someone else’s claim',
      'ask *who* is *speaking* in each part',
      'do not credit the *writer* with *reported* speech',
    ],
    ['the agent said "all is fine"', 'the note reads "paid in full"', 'she wrote "no problem"'],
  ),
  idea(
    'conditions',
    0.8,
    [
      'check whether each *condition* is *met*',
      'a clause with *if* or *unless* counts only when it holds',
      'settle every *precondition* before the rest',
      'treat *hypothetical* *cases* as not having occurred',
    ],
    ['unless the box was opened', 'if it had come on Monday', 'provided that the seal holds'],
  ),
  idea(
    'several',
    0.8,
    [
      'treat *several* requests in one text *separately*',
      'where there are *multiple* matters, go by the *main* one',
      'find the *principal* concern among many',
      '*split* a text that *asks* for more than one thing',
    ],
    ['and, as a second thing, the invoice', 'besides, my other question', 'also, on another matter'],
  ),
  idea(
    'missing',
    0.6,
    [
      'note which *information* is *missing*',
      'do not fill *gaps* with *guesses*',
      'say nothing that the text leaves *unstated*',
      'treat *absent* details as *unknown*',
    ],
    ['the order number was left out', 'with the name blank', 'no address on the slip'],
  ),
  idea(
    'comparison',
    0.7,
    [
      'keep track of what is *compared* with what',
      'settle which side of a *comparison* wins',
      '*rank* the things *named* before answering',
      'mind the *direction* of words like more and *less*',
    ],
    [
      'cheaper than the old one but slower',
      'better than the blue, worse than the red',
      'twice as loud as hers',
    ],
  ),
  idea(
    'abbreviations',
    0.5,
    [
      'spell out every *abbreviation*',
      '*expand* *short* forms before reading on',
      'look up what each *acronym* stands for',
      'read *initials* as the words they stand for',
    ],
    ['pls fwd to the HR dept asap', 'the ETA per the PO was wrong', 'the SLA and the RMA differ'],
  ),
  idea(
    'pronouns',
    0.6,
    [
      'find out whom each *pronoun* means',
      'trace *he* and *she* back to a name',
      'settle every *reference* to a *person*',
      '*replace* words like *they* by who is meant',
    ],
    ['he told him that his was late', 'she gave it to her after that', 'they say theirs is this one'],
  ),
  idea(
    'sums',
    0.9,
    [
      '*add* *up* the amounts one by one',
      'do the *arithmetic* in writing',
      'keep a *running* *total* of the numbers',
      '*calculate* *sums* with care',
    ],
    ['4 boxes of 6 and 3 loose ones', '12 less 5 and then 9 more', '3 pairs and half a dozen'],
  ),
  idea(
    'tone',
    0.9,
    [
      'separate a polite *tone* from the *substance*',
      'do not let *courtesy* hide a complaint',
      'look through *friendly* wording to what is wanted',
      'weigh *facts* over *manners*',
    ],
    ['with the warmest thanks in advance', 'most kindly and at your leisure', 'so sorry to be a bother'],
  ),
  idea(
    'later',
    0.6,
    [
      'let the *latest* statement *override* earlier ones',
      'when the writer *corrects* himself, take the *correction*',
      'go by the *final* *version* of what is said',
      'a *later* remark beats an *earlier* one',
    ],
    ['no wait, I mean the other', 'correction: make that the green', 'scratch that, as before'],
  ),
  idea(
    'exceptions',
    0.6,
    [
      'look for *exceptions* to the *rule*',
      '*mind* what is *excluded* from a group',
      'subtract whatever is *left* *out*',
      '*take* words like *except* at their word',
    ],
    ['all but the last two', 'everything except the lid', 'none save the first'],
  ),
  idea(
    'order',
    0.6,
    [
      'put the events in *chronological* order',
      'draw up a *timeline* before deciding',
      'establish what came *first* and what came *next*',
      'mind the *sequence* in which things *happened*',
    ],
    [
      'after the call but before the visit',
      'once it had shipped and then returned',
      'first torn, later mended',
    ],
  ),
];

/** About answering in general. Some are sound advice in one landscape and harmful in another. */
const GENERAL: readonly Idea[] = [
  idea('steps', 2.5, [
    '*think* *step* *by* step',
    'reason *stepwise* through the text',
    'work through it one *stage* at a time',
    'lay out your *reasoning* before you answer',
  ]),
  idea('bare', 1.2, [
    'give the *label* *alone*',
    'answer with *nothing* but the *answer*',
    'reply with exactly *one* *word*',
    'leave out any *explanation* in the reply',
  ]),
  idea('check', 1.8, [
    '*double-check* your answer',
    '*verify* the *result* before giving it',
    '*review* your reply *once* more',
    'make *sure* that you are *right*',
  ]),
  idea('expert', 2, [
    'you are an *expert* in this field',
    'act as a seasoned *specialist*',
    'answer as a *professional* would',
    'you have *decades* of experience',
  ]),
  idea('breath', 1.5, [
    'take a *deep* *breath*',
    'stay *calm* and *focused*',
    '*relax* before you begin',
    'approach this with a *clear* *head*',
  ]),
  idea('short', 1.2, ['*be* *brief*', '*keep* it *concise*', 'use *few* *words*', 'do not be *long-winded*']),
  idea('detail', 1.3, [
    '*go* *into* *detail*',
    'be as *thorough* as you can',
    'cover *every* *aspect*',
    'give a *comprehensive* account',
  ]),
  idea('creative', 0.9, [
    '*be* *creative*',
    'use your *imagination*',
    'think *outside* the *box*',
    'look for an *original* view',
  ]),
  idea('intuition', 0.9, [
    'trust your first *impression*',
    'go with your *gut*',
    'answer by *intuition*',
    'answer *spontaneously*',
  ]),
  idea('important', 1.5, [
    'this is very *important* to my *career*',
    '*much* *depends* on this',
    'the *stakes* are *high*',
    'a mistake would be *costly*',
  ]),
  idea('keywords', 1, [
    'look for *keywords*',
    'go by *telling* *words*',
    '*spot* the *terms* that give it away',
    '*scan* the text for signal words',
  ]),
  idea('majority', 0.6, [
    'when in doubt choose the most *common* *answer*',
    'prefer the *usual* *case*',
    'fall back on the *default*',
    'go with what is most *frequent*',
  ]),
  idea('neutral', 0.9, [
    'stay *neutral*',
    'be *objective* and *fair*',
    'keep your *opinion* out of it',
    'avoid any *bias*',
  ]),
  idea('reread', 0.9, [
    '*read* the text *twice*',
    '*reread* it before you answer',
    'go over the text a *second* *time*',
    'start *over* from the *top* when unsure',
  ]),
  idea('simple', 0.8, [
    'use *simple* *language*',
    'say it so that a *child* understands',
    'put it in *plain* *terms*',
    'avoid *jargon*',
  ]),
  idea('restate', 0.8, [
    '*restate* the question first',
    '*repeat* the task in your *own* words',
    '*summarize* the text *before* answering',
    'begin with a *recap*',
  ]),
];

export const IDEAS: readonly Idea[] = [...ABOUT_INPUTS, ...GENERAL];
export const INPUT_IDEAS = ABOUT_INPUTS;
export const GENERAL_IDEAS = GENERAL;

/** An idea as a sentence of a prompt: one of its ways, behind one of these words, which change nothing. */
const LEADS = ['', 'remember:', 'above all,', 'as a rule,', 'in every case,', 'note:'];

/** One of the ways to say an idea; `pick` draws a number below its argument. */
export function phrase(of: Idea, pick: (below: number) => number): string {
  const body = (of.phrasings[pick(of.phrasings.length)] ?? '').replaceAll('*', '');
  const lead = LEADS[pick(LEADS.length)] ?? '';
  const text = lead === '' ? body : `${lead} ${body}`;
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** Words of a text, lower-case, without punctuation around them. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+(?:[-’'][\p{L}\p{N}]+)*/gu) ?? [];
}

/** Sentences, list items and lines: what a prompt is taken apart into. */
export function sentencesOf(text: string): string[] {
  return (
    text
      // The number of a list item is no sentence of its own.
      .split(/(?<=[.!?;])(?<!^\s*(?:step\s+)?\d{1,2}\.)\s+|\n+/imu)
      .map((sentence) => sentence.trim())
      .filter((sentence) => sentence !== '')
  );
}

/** Starred words of each phrasing, by the first of them, for one look per word. */
const KEYS = new Map<string, { id: string; words: readonly string[] }[]>();
for (const { id, phrasings } of IDEAS) {
  for (const phrasing of phrasings) {
    const words = [...phrasing.matchAll(/\*([^*]+)\*/gu)].map((match) => (match[1] ?? '').toLowerCase());
    const first = words[0] ?? '';
    KEYS.set(first, [...(KEYS.get(first) ?? []), { id, words }]);
  }
}

/** Sentences met lately: methods show the same ones again and again. */
const read = new Map<string, readonly string[]>();
const REMEMBERED = 20_000;

/** Ids of the ideas that one sentence says. */
export function ideasOfSentence(sentence: string): readonly string[] {
  const known = read.get(sentence);
  if (known !== undefined) return known;
  const found = look(sentence);
  if (read.size >= REMEMBERED) read.clear();
  read.set(sentence, found);
  return found;
}

function look(sentence: string): string[] {
  const words = new Set(wordsOf(sentence));
  const found: string[] = [];
  for (const word of words) {
    for (const key of KEYS.get(word) ?? []) {
      if (!found.includes(key.id) && key.words.every((each) => words.has(each))) found.push(key.id);
    }
  }
  return found;
}

/** Ids of the ideas that a text says, in the order in which it says them. */
export function ideasOf(text: string): string[] {
  return [...new Set(sentencesOf(text).flatMap(ideasOfSentence))];
}

/** The idea that an input calls for, by the words in it; null for none. */
export function calledFor(input: string): string | null {
  return ABOUT_INPUTS.find(({ hints }) => hints.some((hint) => input.includes(hint)))?.id ?? null;
}

export const ideaById = (id: string): Idea | undefined => IDEAS.find((one) => one.id === id);
