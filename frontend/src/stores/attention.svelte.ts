import * as api from '../lib/api';
import { session } from './session.svelte';
import { view } from './view.svelte';

/** Whether the person looks at the window, and at what. */
class Attention {
  #focused = $state(looks());

  constructor() {
    for (const change of ['focus', 'blur']) addEventListener(change, this.#look);
    document.addEventListener('visibilitychange', this.#look);
  }

  /** Tells the program, which shows no notification of what is seen. A browser has its own ways. */
  tell(): void {
    const thing = view.console ?? view.details?.node ?? view.image;
    if (session.hasDialogs) void api.look(this.#focused, view.screen, thing).catch(() => undefined); // it is asked anew at the next change
  }

  #look = (): void => {
    this.#focused = looks();
  };
}

const looks = () => document.visibilityState === 'visible' && document.hasFocus();

export const attention = new Attention();
