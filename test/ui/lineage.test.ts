import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Candidate } from '../../src/core/candidate.ts';
import { ancestors, edgePath, inView, lineage, neighbour, NODE, strokes } from '../../src/ui/lineage.ts';

const candidate = (id: string, step: number, ...parents: string[]): Candidate => ({
  id,
  prompt: id,
  shots: [],
  parents,
  origin: parents.length === 0 ? 'initial' : 'edit',
  step,
});
const xOf = ({ nodes }: ReturnType<typeof lineage>, id: string) => nodes.find((node) => node.id === id)?.x;
const rowOf = ({ nodes }: ReturnType<typeof lineage>, id: string) =>
  nodes.find((node) => node.id === id)?.row;

const family = [
  candidate('c0', 0),
  candidate('c1', 1, 'c0'),
  candidate('c2', 1, 'c0'),
  candidate('c3', 2, 'c1', 'c2'),
];

test('a small family: the children beside each other below their parent, the grandchild between both', () => {
  const drawn = lineage(family, 400);
  // 400 px less the gutter of 40, half a node of 84 on each side and 2 px: wishes go from 0 to 274, c0 stands at 137.
  expect(xOf(drawn, 'c0')).toBe(40 + 42 + 137);
  // Both wish for 137 and must be 90 apart.
  expect(xOf(drawn, 'c1')).toBe(82 + 137 - 45);
  expect(xOf(drawn, 'c2')).toBe(82 + 137 + 45);
  expect(xOf(drawn, 'c3')).toBe(xOf(drawn, 'c0'));
  expect(drawn.edges.map(({ from, to, first }) => [from.id, to.id, first])).toEqual([
    ['c0', 'c1', true],
    ['c0', 'c2', true],
    ['c1', 'c3', true],
    ['c2', 'c3', false],
  ]);
  expect(drawn.steps.map(({ step, folded }) => [step, folded])).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
  ]);
});

test('one made from a candidate of its own step stands in a later row of that step', () => {
  const drawn = lineage([...family, candidate('c4', 2, 'c3'), candidate('c5', 2, 'c0')], 400);
  expect(rowOf(drawn, 'c3')).toBe(rowOf(drawn, 'c5'));
  expect(rowOf(drawn, 'c4')).toBe((rowOf(drawn, 'c3') ?? NaN) + 1);
  expect(drawn.steps).toHaveLength(3);
});

test('folding leaves those that others were made from, those to keep, and says how many it hid', () => {
  const more = [...family, candidate('c4', 2, 'c1'), candidate('c5', 3, 'c4')];
  const ids = (...given: Parameters<typeof lineage>) => lineage(...given).nodes.map((node) => node.id);
  expect(ids(more, 400, 'parents').toSorted()).toEqual(['c0', 'c1', 'c2', 'c4']);
  expect(ids(more, 400, 'parents', new Set(['c5'])).toSorted()).toEqual(['c0', 'c1', 'c2', 'c4', 'c5']);
  expect(ids(more, 400, 'keep', new Set(['c5'])).toSorted()).toEqual(['c0', 'c1', 'c4', 'c5']);
  expect(lineage(more, 400, 'keep', new Set(['c5'])).steps.map((one) => one.folded)).toEqual([0, 1, 1, 0]);
});

test('a parent that is unknown, comes later, or is named twice makes no edge, or one', () => {
  const drawn = lineage([candidate('a', 1, 'b', 'x'), candidate('b', 1, 'a', 'a')], 300);
  expect(drawn.edges.map(({ from, to }) => [from.id, to.id])).toEqual([['a', 'b']]);
});

test('what a candidate descends from, itself with it', () => {
  const all = new Map(family.map((one) => [one.id, { candidate: one }]));
  expect([...ancestors(all, 'c3')].toSorted()).toEqual(['c0', 'c1', 'c2', 'c3']);
  expect([...ancestors(all, 'c1')].toSorted()).toEqual(['c0', 'c1']);
  expect([...ancestors(all, 'nobody')]).toEqual([]);
});

test('of a tall drawing only what reaches into view is drawn, edges by their ends, and what must stay', () => {
  // A row each, 52 px apart: c0 stands from 8 to 36, c1 from 60 to 88, c2 from 112 to 140, c3 from 164 to 192.
  const chain = [0, 1, 2, 3].map((i) => candidate(`c${i}`, i, ...(i === 0 ? [] : [`c${i - 1}`])));
  const drawn = lineage([...chain, candidate('c4', 4, 'c0')], 400);
  const seen = (top: number, bottom: number, ...always: string[]) => {
    const { nodes, edges, steps } = inView(drawn, top, bottom, new Set(always));
    return [
      nodes.map(({ id }) => id),
      edges.map(({ from, to }) => `${from.id}>${to.id}`),
      steps.map(({ step }) => step),
    ];
  };
  expect(seen(0, 30)).toEqual([['c0'], ['c0>c1', 'c0>c4'], [0]]);
  expect(seen(120, 130)).toEqual([['c2'], ['c1>c2', 'c2>c3'], [2]]);
  expect(seen(120, 130, 'c4')).toEqual([['c2', 'c4'], ['c1>c2', 'c2>c3'], [2]]);
  expect(seen(0, 1000)[0]).toHaveLength(5);
});

test('edges that look alike are one outline, those with more to say on top', () => {
  const drawn = lineage(family, 400);
  const outlines = strokes(drawn.edges, (from, to) => [
    to === 'c3' ? 'lit' : '',
    from === 'c0' && to === 'c2' ? 'best' : '',
  ]);
  expect(outlines.map(({ look }) => look)).toEqual(['', 'lit', 'other lit', 'best']);
  const [one, , , best] = drawn.edges.map(({ from, to }) => edgePath(from, to));
  expect(outlines.map(({ path }) => path.match(/M/g)?.length)).toEqual([1, 1, 1, 1]);
  expect(outlines[0]?.path).toBe(one);
  expect(outlines[2]?.path).toBe(best);
  expect(strokes(drawn.edges, () => []).map(({ path }) => path.match(/M/g)?.length)).toEqual([3, 1]);
});

test('arrow keys follow edges up and down, and the row from side to side', () => {
  const drawn = lineage(family, 400);
  const step = (id: string, key: string) => neighbour(drawn, id, key);
  expect(step('c3', 'ArrowUp')).toBe('c1');
  expect(step('c0', 'ArrowDown')).toBe('c1');
  expect(step('c1', 'ArrowRight')).toBe('c2');
  expect(step('c2', 'ArrowLeft')).toBe('c1');
  expect(step('c2', 'Home')).toBe('c0');
  expect(step('c0', 'End')).toBe('c3');
  expect(step('c0', 'ArrowUp')).toBeNull();
  expect(step('c0', 'x')).toBeNull();
});

/** Candidates of a made-up run: steps do not fall, parents are any earlier ones. */
const runs = fc
  .array(fc.record({ stay: fc.boolean(), parents: fc.array(fc.nat(), { maxLength: 3 }) }), { maxLength: 120 })
  .map((made) => {
    let step = 0;
    return made.map(({ stay, parents }, i) => {
      if (!stay) step += 1;
      const named = i === 0 ? [] : parents.map((parent) => `c${parent % i}`);
      return candidate(`c${i}`, step, ...named);
    });
  });

test('every candidate is placed once, inside the width, on no other, and every edge goes down', () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: 140, max: 1200 }), (candidates, width) => {
      const { nodes, edges, height, steps } = lineage(candidates, width);
      expect(nodes.map((node) => node.id).toSorted()).toEqual(candidates.map((one) => one.id).toSorted());
      for (const { x, y } of nodes) {
        expect(x - NODE.width / 2).toBeGreaterThanOrEqual(40);
        expect(x + NODE.width / 2).toBeLessThanOrEqual(width);
        expect(y + NODE.height / 2).toBeLessThanOrEqual(height);
      }
      for (const [i, one] of nodes.entries()) {
        for (const other of nodes.slice(i + 1)) {
          const apart = one.row === other.row ? Math.abs(one.x - other.x) >= NODE.width : one.y !== other.y;
          expect(apart, `${one.id} and ${other.id}`).toBe(true);
        }
      }
      const named = candidates.reduce((sum, one) => sum + new Set(one.parents).size, 0);
      expect(edges).toHaveLength(named);
      for (const { from, to } of edges) {
        expect(nodes).toContain(from);
        expect(nodes).toContain(to);
        expect(to.y - from.y).toBeGreaterThan(NODE.height);
      }
      for (const [i, one] of steps.entries()) {
        const next = steps[i + 1];
        if (next) expect(one.y + one.height).toBeLessThan(next.y);
      }
    }),
    { numRuns: 60 },
  );
});

test('500 candidates are laid out fast', () => {
  const many = Array.from({ length: 500 }, (_, i) =>
    candidate(`c${i}`, Math.ceil(i / 10), ...(i === 0 ? [] : [`c${Math.floor((i - 1) / 3)}`])),
  );
  lineage(many, 700);
  const from = performance.now();
  expect(lineage(many, 700).nodes).toHaveLength(500);
  // A few milliseconds on an idle machine; work that grows with the square takes far longer than this.
  expect(performance.now() - from).toBeLessThan(200);
});
