import * as api from '../lib/api';
import type { Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { lab } from './lab.svelte';
import { preferences } from './preferences.svelte';

/** The page's own connection to the program. */
class Session {
  #problem = $state.raw<Problem>();
  #hasDialogs = $state(false);

  /** Why no events can be had; the page is blind then. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Whether files can be chosen with the desktop's dialog. */
  get hasDialogs(): boolean {
    return this.#hasDialogs;
  }

  async begin(): Promise<void> {
    this.#problem = undefined;
    void preferences.load();
    try {
      const dialogs = api.hasDialogs();
      await api.subscribe((event) => lab.apply(event));
      this.#hasDialogs = await dialogs;
    } catch (reason) {
      this.#problem = problemOf(reason);
    }
  }
}

export const session = new Session();
