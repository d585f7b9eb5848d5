// Work that is done a few pieces at a time.

import type { Problem } from './lab';
import { LabError } from './problem';

/** What a piece of work that never began is refused with. */
export class Cancelled extends Error {
  constructor() {
    super('It was cancelled before it began.');
  }
}

interface Task {
  begin: () => Promise<void>;
  signal?: AbortSignal;
  refuse: (reason: Cancelled) => void;
}

/** Lets at most `limit` pieces of work be under way; the rest wait their turn. */
export class Queue {
  #limit: () => number;
  #busy = 0;
  #waiting: Task[] = [];

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  /** Does the work in its turn, unless `signal` comes first: then it never begins. */
  add<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = () => work().then(resolve, reject);
      this.#waiting.push({ begin, signal, refuse: reject });
      signal?.addEventListener('abort', () => this.#next(), { once: true });
      this.#next();
    });
  }

  #next(): void {
    const gone = this.#waiting.filter(({ signal }) => signal?.aborted);
    if (gone.length) this.#waiting = this.#waiting.filter((task) => !gone.includes(task));
    for (const { refuse } of gone) refuse(new Cancelled());
    while (this.#busy < Math.max(1, this.#limit())) {
      const task = this.#waiting.shift();
      if (!task) return;
      this.#busy++;
      void task.begin().then(() => {
        this.#busy--;
        this.#next();
      });
    }
  }
}

/** Gives what comes of `promise`, or throws `late` when that takes longer than `ms`. */
export function within<T>(promise: Promise<T>, ms: number, late: () => Problem): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new LabError(late())), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
