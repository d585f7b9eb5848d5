import { SvelteMap } from 'svelte/reactivity';
import type { Node, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { set } from './commands';

export interface Resources {
  vcpus: number;
  memoryMiB: number;
  /** From the power button until it is forced off; 0 is the program's own choice. */
  stopSeconds: number;
}

interface Draft {
  changes: Partial<Resources>;
  busy: boolean;
  problem?: Problem;
}

const none: Draft = { changes: {}, busy: false };

/** What is being changed of nodes' resources, until it is saved or discarded. */
class Drafts {
  #drafts = new SvelteMap<string, Draft>();

  /** As they are, with what is being changed. */
  value(node: Node): Resources {
    const { vcpus, memoryMiB, stopSeconds = 0 } = node;
    return { vcpus, memoryMiB, stopSeconds, ...this.#of(node.id).changes };
  }

  /** Whether there is something to save. */
  changed(node: Node): boolean {
    return Object.keys(this.#different(node)).length > 0;
  }

  busy(id: string): boolean {
    return this.#of(id).busy;
  }

  problem(id: string): Problem | undefined {
    return this.#of(id).problem;
  }

  edit(id: string, changes: Partial<Resources>): void {
    const draft = this.#of(id);
    this.#drafts.set(id, { ...draft, problem: undefined, changes: { ...draft.changes, ...changes } });
  }

  discard(id: string): void {
    this.#drafts.delete(id);
  }

  /** Gives whether it could be saved. */
  async save(node: Node): Promise<boolean> {
    const { id } = node;
    const sent = this.#different(node);
    this.#drafts.set(id, { ...this.#of(id), busy: true, problem: undefined });
    try {
      await set(node, sent);
    } catch (reason) {
      this.#drafts.set(id, { ...this.#of(id), busy: false, problem: problemOf(reason) });
      return false;
    }
    const left = Object.entries(this.#of(id).changes).filter(
      ([key, value]) => sent[key as keyof Resources] !== value,
    );
    this.#drafts.set(id, { busy: false, changes: Object.fromEntries(left) });
    return true;
  }

  #of(id: string): Draft {
    return this.#drafts.get(id) ?? none;
  }

  #different(node: Node): Partial<Resources> {
    const is: Resources = { ...node, stopSeconds: node.stopSeconds ?? 0 };
    const changes = Object.entries(this.#of(node.id).changes);
    return Object.fromEntries(changes.filter(([key, value]) => is[key as keyof Resources] !== value));
  }
}

export const resources = new Drafts();
