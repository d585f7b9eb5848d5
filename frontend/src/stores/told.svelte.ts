import type { Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';

/** Something the program tells when it is asked, and never of itself. */
export class Told<T> {
  #value = $state.raw<T>();
  #problem = $state.raw<Problem>();
  #busy = $state(false);
  #request: () => Promise<T>;
  #last = 0;

  constructor(request: () => Promise<T>) {
    this.#request = request;
  }

  /** What it told last. */
  get value(): T | undefined {
    return this.#value;
  }

  /** Why it could not be told anew. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Of several requests under way the last one counts. */
  async ask(): Promise<void> {
    const turn = ++this.#last;
    this.#busy = true;
    let value = this.#value;
    let problem: Problem | undefined;
    try {
      value = await this.#request();
    } catch (reason) {
      problem = problemOf(reason);
    }
    if (turn !== this.#last) return;
    this.#value = value;
    this.#problem = problem;
    this.#busy = false;
  }
}
