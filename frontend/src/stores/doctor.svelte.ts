import * as api from '../lib/api';
import type { Health, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';

/** The doctor's last report. It is asked for, never polled. */
class Doctor {
  #report = $state.raw<Health>();
  #problem = $state.raw<Problem>();
  #asking = $state(false);

  get report(): Health | undefined {
    return this.#report;
  }

  /** Why there is no new report. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  get asking(): boolean {
    return this.#asking;
  }

  async ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    try {
      this.#report = await api.health();
      this.#problem = undefined;
    } catch (reason) {
      this.#problem = problemOf(reason);
    }
    this.#asking = false;
  }
}

export const doctor = new Doctor();
