import { SvelteMap } from 'svelte/reactivity';
import * as api from '../lib/api';

/** How long changes are gathered before they are kept, in milliseconds. */
const patience = 300;

/** What the person wants to find again. Losing it loses no work, so that nobody waits for it. */
class Preferences {
  #values = new SvelteMap<string, string>();
  #changes: Record<string, string> = {};
  #timer?: ReturnType<typeof setTimeout>;
  #known = $state(false);

  /** Whether the program has told them. */
  get known(): boolean {
    return this.#known;
  }

  /** One of them; empty if there is none. */
  get(key: string): string {
    return this.#values.get(key) ?? '';
  }

  /** Sets one; an empty value forgets it. */
  set(key: string, value: string): void {
    if (this.get(key) === value) return;
    this.#values.set(key, value);
    this.#changes[key] = value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#keep(), patience);
  }

  async load(): Promise<void> {
    try {
      const kept = await api.preferences();
      for (const [key, value] of Object.entries(kept))
        if (!(key in this.#changes)) this.#values.set(key, value);
    } catch {
      // The page then looks as it did the first time, which is no loss.
    }
    this.#known = true;
  }

  async #keep(): Promise<void> {
    const changes = this.#changes;
    this.#changes = {};
    await api.prefer(changes).catch(() => undefined); // as above
  }
}

export const preferences = new Preferences();
