import { createSubscriber, SvelteMap } from 'svelte/reactivity';
import * as api from '../lib/api';
import type { Usage as Reading } from '../lib/lab';
import { ratesOf, type Rates } from '../lib/usage';
import { lab } from './lab.svelte';

/** Between two readings, in milliseconds. */
const period = 2_000;
/** How many rates are kept of each node: two minutes. */
const length = 60;

/** What running nodes use. It is asked for only while somebody reads it and the page can be seen. */
class Usage {
  #rates = new SvelteMap<string, Rates[]>();
  #last = new Map<string, Reading>();
  #subscribe = createSubscriber(() => {
    const timer = setInterval(() => void this.#ask(), period);
    void this.#ask();
    return () => clearInterval(timer);
  });
  #asking = false;

  /** The last rates of a node, oldest first; empty while there are none. */
  of(id: string): Rates[] {
    this.#subscribe();
    return this.#rates.get(id) ?? [];
  }

  async #ask(): Promise<void> {
    if (this.#asking || document.hidden || !lab.online) return;
    this.#asking = true;
    try {
      this.#take(await api.usage());
    } catch {
      // The banner tells of a lost libvirt; the last rates go with the next reading.
    }
    this.#asking = false;
  }

  #take(readings: Reading[]): void {
    const last = new Map(readings.map((reading) => [reading.id, reading]));
    for (const id of [...this.#rates.keys()]) if (!last.has(id)) this.#rates.delete(id);
    for (const [id, now] of last) {
      const rates = ratesOf(this.#last.get(id), now, lab.node(id)?.vcpus ?? 1);
      if (rates) this.#rates.set(id, [...(this.#rates.get(id) ?? []), rates].slice(-length));
    }
    this.#last = last;
  }
}

export const usage = new Usage();
