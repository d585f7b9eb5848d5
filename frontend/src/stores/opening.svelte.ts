import * as api from '../lib/api';
import { dialogs } from './dialogs.svelte';
import { view } from './view.svelte';

/** What the program was started to show: a command line, or the desktop, asked for it. */
class Opening {
  #files = $state.raw<string[]>([]);

  /** The files that images are to be made of, once libvirt is there. */
  get files(): string[] {
    return this.#files;
  }

  /** Shows what is asked for, now and from now on. */
  async begin(): Promise<void> {
    await api.onOpening((asked) => this.#show(asked));
  }

  /** Forgets the files that were taken. */
  taken(): void {
    this.#files = [];
  }

  #show({ view: asked, files }: api.Opening): void {
    if (asked === 'create') {
      view.show('nodes');
      dialogs.open({ kind: 'create' });
    } else if (asked) view.show(asked);
    if (files?.length) this.#files = [...this.#files, ...files];
  }
}

export const opening = new Opening();
