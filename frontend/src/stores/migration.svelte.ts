import * as api from '../lib/api';
import type { Migration as Value, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { lab } from './lab.svelte';

/** Bringing nodes of the web prototype over: what is asked for, and what is planned. The events tell the rest. */
class Migration {
  #dir = $state('');
  #move = $state(false);
  #plan = $state.raw<Value>();
  #seen = $state.raw<Value>();
  #problem = $state.raw<Problem>();
  #busy = $state(false);

  get dir(): string {
    return this.#dir;
  }

  /** Another folder needs another plan. */
  set dir(dir: string) {
    this.#dir = dir;
    this.discard();
  }

  get move(): boolean {
    return this.#move;
  }

  set move(move: boolean) {
    this.#move = move;
    if (this.#plan) void this.plan();
  }

  /** Why the last request was refused. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** Whether something was asked, and has not yet been answered. */
  get busy(): boolean {
    return this.#busy;
  }

  /** What is under way, else what is planned, else what came of the last one until it is put away. */
  get value(): Value | undefined {
    const last = lab.migration;
    if (`${last?.status}` === 'running') return last;
    return this.#plan ?? (last === this.#seen ? undefined : last);
  }

  plan(): Promise<void> {
    return this.#ask(async () => void (this.#plan = await api.planMigration(this.#input)));
  }

  start(): Promise<void> {
    return this.#ask(async () => {
      await api.migrate(this.#input);
      this.#plan = undefined;
    });
  }

  cancel(): Promise<void> {
    return this.#ask(api.cancelMigration);
  }

  /** Puts away what is planned, or what came of the last one. */
  discard(): void {
    this.#plan = this.#problem = undefined;
    this.#seen = lab.migration;
  }

  get #input() {
    return { dir: this.#dir.trim(), move: this.#move };
  }

  async #ask(request: () => Promise<unknown>): Promise<void> {
    this.#busy = true;
    try {
      await request();
      this.#problem = undefined;
    } catch (reason) {
      this.#problem = problemOf(reason);
    }
    this.#busy = false;
  }
}

export const migration = new Migration();
