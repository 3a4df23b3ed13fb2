/** Byte-pair encoding of one word: neighbours are merged, the earliest learned pair first, the leftmost among equals. */

/**
 * @param symbols the word's beginning state, one symbol a byte
 * @param rank order in which a pair was learned, undefined where it was not
 */
export function merge(
  symbols: readonly string[],
  rank: (left: string, right: string) => number | undefined,
): string[] {
  const parts: (string | null)[] = [...symbols];
  // A double chain of the parts that are left; merging keeps the left place and empties the right one.
  const next = symbols.map((_, i) => i + 1);
  const before = symbols.map((_, i) => i - 1);
  const heap: Pair[] = [];
  const offer = (left: number) => {
    const right = next[left] ?? parts.length;
    const a = parts[left];
    const b = parts[right];
    if (typeof a !== 'string' || typeof b !== 'string') return;
    const learned = rank(a, b);
    if (learned !== undefined) push(heap, { rank: learned, left, right, length: a.length + b.length });
  };
  for (let i = 0; i + 1 < parts.length; i++) offer(i);

  for (let pair = pop(heap); pair; pair = pop(heap)) {
    const { left, right, length } = pair;
    const a = parts[left];
    const b = parts[right];
    // Parts only grow, so a pair is as it was offered exactly if both are there, neighbours, and as long together.
    if (typeof a !== 'string' || typeof b !== 'string') continue;
    if (next[left] !== right || a.length + b.length !== length) continue;
    parts[left] = a + b;
    parts[right] = null;
    const after = next[right] ?? parts.length;
    next[left] = after;
    if (after < parts.length) before[after] = left;
    offer(left);
    const previous = before[left] ?? -1;
    if (previous >= 0) offer(previous);
  }
  return parts.filter((part) => part !== null);
}

interface Pair {
  rank: number;
  left: number;
  right: number;
  /** Of both parts together. */
  length: number;
}

const sooner = (a: Pair, b: Pair) => a.rank < b.rank || (a.rank === b.rank && a.left < b.left);

/** A binary heap, the soonest pair first: words of thousands of letters stay fast. */
function push(heap: Pair[], pair: Pair): void {
  let at = heap.length;
  heap.push(pair);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (!above || !sooner(pair, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = pair;
}

function pop(heap: Pair[]): Pair | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    if (!left) break;
    const child = right && sooner(right, left) ? right : left;
    if (!sooner(child, last)) break;
    heap[at] = child;
    at = child === left ? 2 * at + 1 : 2 * at + 2;
  }
  heap[at] = last;
  return first;
}
