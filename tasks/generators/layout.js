/**
 * @typedef {{ input: string, gold: string }} Item
 * @typedef {{ id: string, input: string, gold: string }} Example
 * @typedef {{ train: Example[], validation: Example[], test: Example[] }} Splits
 * @typedef {{ id: string, name: string, description: string, note: string, initialPrompt: string,
 *   metric: object, position: string, markers: { input: string, answer: string }, answerTokens: number,
 *   splits: Splits }} TaskFile
 */

/** Examples in each split. 60, 60 and 120 share out evenly over 2, 3, 4, 5 and 6 answers. */
export const sizes = { train: 60, validation: 60, test: 120 };
export const examplesInAll = sizes.train + sizes.validation + sizes.test;

/**
 * Draws until there are enough different inputs, then shares them out in the order drawn.
 * @param {string} prefix of the ids
 * @param {(index: number) => Item} draw
 * @returns {Splits}
 */
export function splitsOf(prefix, draw) {
  /** @type {Map<string, Example>} */
  const drawn = new Map();
  while (drawn.size < examplesInAll) {
    const { input, gold } = draw(drawn.size);
    const id = `${prefix}-${String(drawn.size + 1).padStart(3, '0')}`;
    // Inputs that differ in case alone are one.
    const key = input.toLowerCase();
    if (!drawn.has(key)) drawn.set(key, { id, input, gold });
  }
  const all = [...drawn.values()];
  const validationFrom = sizes.train;
  const testFrom = validationFrom + sizes.validation;
  return {
    train: all.slice(0, validationFrom),
    validation: all.slice(validationFrom, testFrom),
    test: all.slice(testFrom),
  };
}

/**
 * The text of a task file, one example a line, as the program itself writes it.
 * @param {TaskFile} task
 */
export function fileText({ splits, ...head }) {
  const fields = Object.entries({ version: 1, ...head }).map(
    ([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`,
  );
  const lists = Object.entries(splits).map(([name, examples]) => {
    const lines = examples.map((example) => `      ${JSON.stringify(example)}`);
    return `    ${JSON.stringify(name)}: [\n${lines.join(',\n')}\n    ]`;
  });
  return `{\n${fields.join('')}  "splits": {\n${lists.join(',\n')}\n  }\n}\n`;
}
