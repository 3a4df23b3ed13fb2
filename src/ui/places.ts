import type { Component } from 'svelte';
import type { Session } from './state/session.svelte.ts';

/** A place of the page beside the run view. `leave` goes back there. */
export interface Place {
  /** In the address: `#library`. */
  id: string;
  name: string;
  /** Fetched when it is first visited, so that the page begins small. */
  load(): Promise<{ default: Component<{ session: Session; leave: () => void }> }>;
}

/** In the order of the navigation. */
export const places: readonly Place[] = [
  { id: 'lessons', name: 'Lessons', load: () => import('./panels/Lessons.svelte') },
  { id: 'compare', name: 'Compare', load: () => import('./panels/compare/Compare.svelte') },
  { id: 'library', name: 'Library', load: () => import('./panels/library/Library.svelte') },
  { id: 'privacy', name: 'Privacy', load: () => import('./panels/privacy/Privacy.svelte') },
];
