import * as api from '../lib/api';
import type { GatewayReport, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';

/** Between two reports, in milliseconds: the engine that has the containers is asked for each. */
const pause = 1_000;

/** What the program tells of the gateway beyond its status. It is asked for, never polled. */
class Gateway {
  #report = $state.raw<GatewayReport>();
  #problem = $state.raw<Problem>();
  #log = $state.raw<string>();
  #busy = $state(false);
  #asking = false;
  #again = false;

  get report(): GatewayReport | undefined {
    return this.#report;
  }

  /** Why the last request failed. */
  get problem(): Problem | undefined {
    return this.#problem;
  }

  /** The last lines of its containers, while they are shown. */
  get log(): string | undefined {
    return this.#log;
  }

  /** Whether it has been told to come or go, and has not yet said that it does. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Asks for the report. News come in bursts: while it is asked for, once more is enough. */
  async ask(): Promise<void> {
    this.#again = true;
    if (this.#asking) return;
    this.#asking = true;
    while (this.#again) {
      this.#again = false;
      await this.#attempt(async () => void (this.#report = await api.gateway()));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#asking = false;
  }

  up(): Promise<void> {
    return this.#command(api.gatewayUp);
  }

  down(): Promise<void> {
    return this.#command(api.gatewayDown);
  }

  showLog(): Promise<void> {
    return this.#attempt(async () => void (this.#log = await api.gatewayLogs()));
  }

  hideLog(): void {
    this.#log = undefined;
  }

  async #command(command: () => Promise<unknown>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    await this.#attempt(command);
    this.#busy = false;
  }

  async #attempt(request: () => Promise<unknown>): Promise<void> {
    try {
      await request();
      this.#problem = undefined;
    } catch (reason) {
      this.#problem = problemOf(reason);
    }
  }
}

export const gateway = new Gateway();
