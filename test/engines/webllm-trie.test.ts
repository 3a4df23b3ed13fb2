import { expect, test } from 'vitest';
import { scoreOptions } from '../../src/engines/webllm-trie.ts';

/** Next-token probabilities over a vocabulary of four, by what came before. */
const model: Record<string, number[]> = {
  '': [0.5, 0.25, 0.125, 0.125],
  '0': [0.1, 0.2, 0.3, 0.4],
  '0,1': [0.7, 0.1, 0.1, 0.1],
  '2': [0.25, 0.25, 0.25, 0.25],
};

async function score(options: number[][]) {
  const asked: string[] = [];
  const logProbs = await scoreOptions(options, (tokens) => {
    asked.push(tokens.join());
    // Any constant may be added to a row of logits.
    return Promise.resolve(new Float32Array((model[tokens.join()] ?? []).map((p) => Math.log(p) + 3)));
  });
  return { probabilities: logProbs.map(Math.exp), asked };
}

test('one row serves all options of one token', async () => {
  const { probabilities, asked } = await score([[1], [0], [3]]);
  [0.25, 0.5, 0.125].forEach((p, i) => expect(probabilities[i]).toBeCloseTo(p, 6));
  expect(asked).toEqual(['']);
});

test('shared beginnings are computed once, depth first', async () => {
  const { probabilities, asked } = await score([
    [0, 1, 0],
    [2, 2],
    [0, 3],
    [0, 1, 3],
  ]);
  [0.5 * 0.2 * 0.7, 0.125 * 0.25, 0.5 * 0.4, 0.5 * 0.2 * 0.1].forEach((p, i) =>
    expect(probabilities[i]).toBeCloseTo(p, 6),
  );
  expect(asked).toEqual(['', '0', '0,1', '2']);
});

test('an option may begin another, and may be given twice', async () => {
  const { probabilities, asked } = await score([[0], [0, 1], [0]]);
  [0.5, 0.1, 0.5].forEach((p, i) => expect(probabilities[i]).toBeCloseTo(p, 6));
  expect(asked).toEqual(['', '0']);
});
