import { splitsOf } from './layout.js';
import { fullName } from './people.js';
import { makeRandom } from './random.js';

const matters = [
  'the broken window',
  'the late refund',
  'the missing key',
  'the new contract',
  'the water bill',
  'the parking fine',
  'the school trip',
  'the garden fence',
];

/** @returns {import('./layout.js').TaskFile} */
export function redaction() {
  const random = makeRandom(10_457);
  return {
    id: 'redaction',
    name: 'Redaction',
    description: 'Replace names, mail addresses and phone numbers by placeholders and keep the rest.',
    note: 'A good prompt says: replace each person’s name by [NAME], each mail address by [EMAIL], each phone number by [PHONE]; copy everything else, also case numbers and days, word for word; add nothing.',
    initialPrompt: 'Remove personal data from the text.',
    metric: { kind: 'rules' },
    position: 'before',
    markers: { input: 'Text', answer: 'Redacted' },
    answerTokens: 96,
    splits: splitsOf('redaction', () => {
      const [name, other] = [fullName(random), fullName(random)];
      const mail = `${name.toLowerCase().replace(' ', '.')}@example.org`;
      const phone = `0${random.between(20, 79)} ${random.between(100, 999)} ${random.between(1000, 9999)}`;
      const matter = random.pick(matters);
      const number = `K-${random.between(100, 999)}`;
      const day = random.pick(['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday']);
      const [withMail, withPhone, withOther] = [random.chance(60), random.chance(60), random.chance(40)];
      const contact = withMail ? `by mail (${mail})` : 'by letter';
      const input = [
        `${name} wrote ${contact} about ${matter}, case ${number}.`,
        withPhone ? `Call back on ${phone} before ${day}.` : `An answer is due on ${day}.`,
        ...(withOther ? [`${other} has the file.`] : []),
      ].join(' ');
      const gold = [
        'has: [NAME]',
        ...[name, ...(withOther ? [other] : [])].flatMap((one) => [`lacks: ${one.split(' ').join(' | ')}`]),
        ...(withMail ? ['has: [EMAIL]', `lacks: ${mail}`] : []),
        ...(withPhone ? ['has: [PHONE]', `lacks: ${phone}`] : []),
        `has: ${matter}`,
        `has: ${number}`,
        `has: ${day}`,
        `words: ${withOther ? 14 : 10}-40`,
      ];
      return { input, gold: gold.join('\n') };
    }),
  };
}
