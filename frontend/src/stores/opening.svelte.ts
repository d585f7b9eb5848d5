import * as api from '../lib/api';
import { dialogs } from './dialogs.svelte';
import { view } from './view.svelte';

/** What the program was started to show: a command line, or the desktop, asked for it. */
class Opening {
  #files = $state.raw<string[]>([]);
  #console = $state('');

  /** The files that images are to be made of, once libvirt is there. */
  get files(): string[] {
    return this.#files;
  }

  /** The node whose console is to be opened, once the nodes are known; empty: none's. */
  get console(): string {
    return this.#console;
  }

  /** Shows what is asked for, now and from now on. */
  async begin(): Promise<void> {
    await api.onClosing((closing) => dialogs.open({ kind: 'closing', closing }));
    await api.onOpening((asked) => this.#show(asked));
  }

  /** Forgets the files that were taken. */
  taken(): void {
    this.#files = [];
  }

  /** Forgets the console that was opened. */
  opened(): void {
    this.#console = '';
  }

  #show({ view: asked, console, node, files }: api.Opening): void {
    if (asked === 'create') {
      view.show('nodes');
      dialogs.open({ kind: 'create' });
    } else if (asked) view.show(asked);
    if (node) view.detail(node);
    if (console) this.#console = console;
    if (files?.length) this.#files = [...this.#files, ...files];
  }
}

export const opening = new Opening();
