import { SvelteMap } from 'svelte/reactivity';
import type { Action } from '../lib/actions';

/**
 * What was asked of each node and not yet answered, so that it shows at once: it is no state of
 * the node, which comes by its event, and it goes with the answer, also when that is a refusal.
 */
class Asked {
  #actions = new SvelteMap<string, Action>();

  of(id: string): Action | undefined {
    return this.#actions.get(id);
  }

  async while<T>(action: Action, id: string, call: () => Promise<T>): Promise<T> {
    this.#actions.set(id, action);
    try {
      return await call();
    } finally {
      this.#actions.delete(id);
    }
  }
}

export const asked = new Asked();
