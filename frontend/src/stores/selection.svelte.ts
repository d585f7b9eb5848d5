import { SvelteSet } from 'svelte/reactivity';
import type { Node } from '../lib/lab';
import { lab } from './lab.svelte';

/** The nodes that are picked, for the screen that shows them and for the palette. */
class Selection {
  readonly picked = new SvelteSet<string>();

  get nodes(): Node[] {
    return this.picked.size ? lab.nodes.filter(({ id }) => this.picked.has(id)) : [];
  }
}

export const selection = new Selection();
