/** Every technical word that the page uses, in one sentence each. */
export const glossary = {
  prompt: 'The instruction put to the model together with each question.',
  candidate: 'A prompt under consideration; c0 is the one you started with.',
  target: 'The model that answers the task; its answers decide which prompt is good.',
  optimizer: 'The model that writes new prompts; a larger one than the target often writes better ones.',
  method: 'The search strategy: what the optimizer is shown, and where the search goes on from.',
  score: 'Share of examples answered rightly, or the mean score where answers can be partly right.',
  interval:
    'In square brackets: where the true score lies with 95 % confidence, given how few examples (n) were asked.',
  step: 'One round of the search: propose prompts, score them, choose where to go on from.',
  trajectory: 'The prompts tried so far with their scores, from which the optimizer learns.',
  'meta-prompt': 'The text that asks the optimizer model for a better prompt.',
  lineage: 'Which candidates each candidate was made from, back to the initial prompt.',
  incumbent: 'A candidate that was the best so far when it was found.',
  'prompt map':
    'Prompts as points: the nearer two points, the more alike what the prompts say to an embedding model.',
  disagreement:
    'How much the scores of an example differ between candidates; examples that all get right, or all wrong, decide nothing.',
  train: 'Examples that the optimizer may be shown and learn from.',
  validation: 'Examples on which every candidate is scored, to decide which one is kept.',
  test: 'Examples kept aside and asked once, at the end, to check the gain honestly.',
  rejected: 'Replies of the optimizer that became no candidate, with the reason.',
  retrieved: 'Earlier prompts picked from the trajectory and put into the meta-prompt.',
  'step size': 'How many words of the current prompt the optimizer may change.',
  tokens: 'Pieces of words, the unit in which models read and write.',
  budget: 'The search ends at whichever limit is met first; the final test is not counted.',
  seed: 'It fixes every random choice: the same seed, settings and replies give the same run.',
  rendering: 'How a prompt and a question are put together for the model, and how its answer is read.',
  chat: 'The prompt and question go through the model’s chat format, as a message.',
  completion: 'The prompt and question are plain text that the model continues; small models do better so.',
  choose: 'The allowed answers are compared by how likely the model finds each; nothing is generated.',
  decode: 'The model writes freely and the answer is read from its text.',
  grammar: 'The model can only write what is an allowed answer.',
  unreadable: 'A reply in which no answer could be found; it scores 0.',
  refused: 'The model could not take the request, mostly because it is longer than its context.',
  verdict: 'Better or worse only when the 95 % interval of the difference leaves out zero, else not shown.',
  'p-value': 'How often a difference this large would arise by chance if both prompts were equally good.',
  'gained and lost':
    'Examples that only the new prompt got right, and examples that only the old one got right.',
  'fitted chance':
    'The best of many candidates is partly the luckiest on the examples that chose it; unseen ones show how much.',
  leakage:
    'Words of an example that stand in the prompt itself; such a prompt partly remembers its examples.',
  robustness:
    'Whether the best prompt keeps its score in other words, or with the options in another order; each dot is one variant, the line the prompt itself.',
  'soft prompt':
    'A few rows of numbers that stand where a prompt’s words would; unlike words they can move by small amounts, along the gradient of the loss.',
  loss: 'How improbable the model finds the right answers, in nat: 0 is certain of all of them, lower is better.',
  isolated: 'A page set apart by the browser; only then may WebAssembly use several threads.',
  webgpu: 'The browser’s way to compute on the graphics card; without it models run on the processor.',
} as const;

export type Word = keyof typeof glossary;
