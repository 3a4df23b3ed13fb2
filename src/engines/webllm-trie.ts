import { logSumExp } from './webllm-sample.ts';

/** Options that share their first tokens share a node, so that each distinct prefix is computed once. */
interface Node {
  /** Options that end here. */
  ends: number[];
  next: Map<number, Node>;
}

/**
 * Log-probability of each option (a list of token ids, at least one) after a prompt. `rowAfter` gives the raw logits
 * that follow the prompt and the tokens named; it is called once for each distinct inner prefix, depth first, so that a
 * cache has only to go back to the branching point.
 */
export async function scoreOptions(
  options: readonly (readonly number[])[],
  rowAfter: (tokens: readonly number[]) => Promise<Float32Array>,
): Promise<number[]> {
  const root: Node = { ends: [], next: new Map() };
  options.forEach((tokens, i) => {
    let node = root;
    for (const token of tokens) {
      const next = node.next.get(token) ?? { ends: [], next: new Map() };
      node.next.set(token, next);
      node = next;
    }
    node.ends.push(i);
  });

  const logProbs = options.map(() => 0);
  async function visit(node: Node, path: number[], logProb: number): Promise<void> {
    for (const option of node.ends) logProbs[option] = logProb;
    if (node.next.size === 0) return;
    const row = await rowAfter(path);
    const total = logSumExp(row);
    for (const [token, next] of node.next) {
      await visit(next, [...path, token], logProb + (row[token] ?? -Infinity) - total);
    }
  }
  await visit(root, [], 0);
  return logProbs;
}
