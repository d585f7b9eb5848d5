import * as api from '../lib/api';
import type { Folder, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { toasts } from './toasts.svelte';

export interface MeasuredFolder extends Folder {
  /** Whether it is known what the folder takes. */
  known: boolean;
  problem?: Problem;
}

/** The folders of the program, measured one after the other. */
class Folders {
  #list = $state.raw<MeasuredFolder[]>([]);

  get list(): MeasuredFolder[] {
    return this.#list;
  }

  async load(): Promise<void> {
    try {
      this.#list = (await api.folders()).map((folder) => ({ ...folder, known: false }));
      for (const { name } of this.#list) await this.#measure(name);
    } catch (reason) {
      toasts.fail('Could not find the folders', problemOf(reason));
    }
  }

  async #measure(name: Folder['name']): Promise<void> {
    const found = await api.measureFolder(name).then(
      (folder) => ({ ...folder, known: true }),
      (reason: unknown) => ({ known: true, problem: problemOf(reason) }),
    );
    this.#list = this.#list.map((folder) => (folder.name === name ? { ...folder, ...found } : folder));
  }

  async open(name: Folder['name']): Promise<void> {
    await api.openFolder(name).catch((reason: unknown) => {
      toasts.fail('Could not open the folder', problemOf(reason));
    });
  }

  async openLog(): Promise<void> {
    await api.openLog().catch((reason: unknown) => {
      toasts.fail('Could not open the log', problemOf(reason));
    });
  }

  /** Copies the end of the log. */
  async copyLog(): Promise<void> {
    try {
      await api.copyText(await api.logTail());
      toasts.done({ subject: 'log', title: 'Copied the last lines of the log' });
    } catch (reason) {
      toasts.fail('Could not copy the log', problemOf(reason));
    }
  }
}

export const folders = new Folders();
