import { splitsOf } from './layout.js';
import { makeRandom } from './random.js';

/** Exact lengths of a unit in millimetres. */
export const units = { mm: 1, cm: 10, m: 1000, km: 1_000_000, inches: 25.4, feet: 304.8, yards: 914.4 };

/** @returns {import('./layout.js').TaskFile} */
export function lengthNormalisation() {
  const random = makeRandom(12_641);
  return {
    id: 'length-normalisation',
    name: 'Length normalisation',
    description: 'Turn a length in any unit into metres with two decimals.',
    note: 'A good prompt says: convert to metres, add the parts where there are two, round to two decimals, and write the bare number. An inch is 2.54 cm, a foot 30.48 cm, a yard 91.44 cm.',
    initialPrompt: 'How long is it?',
    metric: { kind: 'number', decimals: 2 },
    position: 'before',
    markers: { input: 'Length', answer: 'Metres' },
    answerTokens: 12,
    splits: splitsOf('length', () => {
      const kind = random.between(1, 3);
      if (kind === 1) {
        const [feet, inches] = [random.between(2, 20), random.between(2, 11)];
        const text = random.pick([
          `${feet} feet ${inches} inches`,
          `${feet} ft ${inches} in`,
          `${feet}' ${inches}"`,
        ]);
        return { input: text, gold: metres(feet * units.feet + inches * units.inches) };
      }
      if (kind === 2) {
        const [m, cm] = [random.between(1, 40), random.between(1, 99)];
        return {
          input: random.pick([`${m} m ${cm} cm`, `${m} metres and ${cm} centimetres`]),
          gold: metres(m * units.m + cm * units.cm),
        };
      }
      const unit = random.pick(
        /** @type {(keyof typeof units)[]} */ (['mm', 'cm', 'km', 'inches', 'feet', 'yards']),
      );
      const amount =
        unit === 'km'
          ? random.between(1, 90) / 10
          : unit === 'mm'
            ? random.between(50, 9000)
            : random.between(2, 400);
      return { input: `${amount} ${unit}`, gold: metres(amount * units[unit]) };
    }),
  };
}

/** Rounded half up to the centimetre, from millimetres; tenths of a millimetre keep the rounding exact. @param {number} mm */
const metres = (mm) => (Math.round(Math.round(mm * 10) / 100) / 100).toFixed(2);
