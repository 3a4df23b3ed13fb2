import { memoryStore } from './memory.ts';
import type { Store } from './store.ts';

/**
 * `store`, but what is written of one run from now on stays in memory, on top of what the store holds of it. For a run
 * that goes on when the disk is full: it reads as one whole and can be exported at its end.
 */
export function continueInMemory(store: Store, run: string): Store {
  const rest = memoryStore();
  return {
    ...store,
    saveRun: (record) => (record.id === run ? rest : store).saveRun(record),
    run: async (id) => (id === run ? await rest.run(id) : null) ?? (await store.run(id)),
    async runs() {
      const { items, problems } = await store.runs();
      const newer = (await rest.runs()).items;
      const others = items.filter(({ id }) => !newer.some((own) => own.id === id));
      return { items: [...others, ...newer].sort((a, b) => b.started - a.started), problems };
    },
    async deleteRun(id) {
      await store.deleteRun(id);
      await rest.deleteRun(id);
    },
    appendEffects: (id, seq, effects) => (id === run ? rest : store).appendEffects(id, seq, effects),
    async loadEffects(id, told) {
      const stored = await store.loadEffects(id, told);
      if (id !== run) return stored;
      const added = await rest.loadEffects(id, told);
      return {
        items: [...stored.items, ...added.items],
        problems: stored.problems,
        next: Math.max(stored.next, added.next),
      };
    },
  };
}
