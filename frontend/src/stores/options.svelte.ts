import { SvelteMap } from 'svelte/reactivity';
import * as api from '../lib/api';
import type { Autostart, Problem, Settings, Setting } from '../lib/lab';
import { inFull, problemOf } from '../lib/problem';
import { settingFault } from '../lib/settings';
import { preferences } from './preferences.svelte';

/** What can be set, but for the gateway. The program has the truth, and gives all of it after each change. */
class Options {
  #all = $state.raw<Settings>();
  #autostart = $state.raw<Autostart>();
  #problem = $state.raw<Problem>();
  #faults = new SvelteMap<string, string>();

  /** Why they can not be read: a fault in the file, say. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** The file in which they are; empty while that is not known. */
  get file(): string {
    return this.#all?.file ?? '';
  }

  get autostart(): Autostart | undefined {
    return this.#autostart;
  }

  /** Whether something waits for the next start of the program. */
  get waiting(): boolean {
    return this.#all?.items.some(({ waits }) => waits) ?? false;
  }

  get(key: string): Setting | undefined {
    return this.#all?.items.find((item) => item.key === key);
  }

  /** What is wrong with what was last given; empty if nothing is. */
  fault(key: string): string {
    return this.#faults.get(key) ?? '';
  }

  /** Follows what another page, another program or a person by hand changes. */
  follow(): void {
    api.onSettings(() => {
      if (this.#all || this.#problem) void this.load();
      void preferences.load(); // which have what concerns other screens
    });
  }

  async load(): Promise<void> {
    try {
      this.#all = await api.settings();
      this.#problem = undefined;
      this.#autostart = await api.autostart();
    } catch (reason) {
      this.#problem = problemOf(reason);
    }
  }

  set(key: string, value: string): Promise<void> {
    const item = this.get(key);
    const fault = item ? settingFault(item, value) : '';
    this.#faults.set(key, fault);
    if (!item || fault || item.value === value) return Promise.resolve();
    return this.#attempt(key, async () => {
      this.#all = await api.changeSettings({ set: { [key]: value }, reset: [] });
    });
  }

  reset(key: string): Promise<void> {
    return this.#attempt(key, async () => {
      this.#all = await api.changeSettings({ set: {}, reset: [key] });
    });
  }

  setAutostart(on: boolean): Promise<void> {
    return this.#attempt('autostart', async () => {
      this.#autostart = await api.setAutostart(on);
    });
  }

  async #attempt(key: string, request: () => Promise<void>): Promise<void> {
    try {
      await request();
      this.#faults.delete(key);
      await preferences.load();
    } catch (reason) {
      this.#faults.set(key, inFull(problemOf(reason)));
    }
  }
}

export const options = new Options();
