import * as api from '../lib/api';
import { isSettled } from '../lib/gateway';
import type { GatewayReport, GatewayStatus, Problem } from '../lib/lab';
import { LabError, problemOf } from '../lib/problem';
import { activity, type Activity, type Told } from './activity.svelte';
import { lab, type Lab } from './lab.svelte';

/** Between two reports, in milliseconds: the engine that has the containers is asked for each. */
const pause = 1_000;

type Call = () => Promise<unknown>;
type Program = Pick<typeof api, 'gateway' | 'gatewayUp' | 'gatewayDown' | 'gatewayLogs'>;

/** What the program tells of the gateway beyond its status. It is asked for, never polled. */
export class Gateway {
  #report = $state.raw<GatewayReport>();
  #problem = $state.raw<Problem>();
  #log = $state.raw<string>();
  #busy = $state(false);
  #asking = false;
  #again = false;
  #program: Program;
  #lab: Lab;
  #activity: Activity;

  constructor(program: Program = api, its: Lab = lab, kept: Activity = activity) {
    this.#program = program;
    this.#lab = its;
    this.#activity = kept;
  }

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
      await this.#attempt(async () => void (this.#report = await this.#program.gateway()));
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    this.#asking = false;
  }

  up(): Promise<void> {
    return this.#command('Start the gateway', () => this.#program.gatewayUp(), raised);
  }

  down(): Promise<void> {
    return this.#command('Stop the gateway', () => this.#program.gatewayDown());
  }

  async showLog(): Promise<void> {
    await this.#attempt(async () => void (this.#log = await this.#program.gatewayLogs()));
  }

  hideLog(): void {
    this.#log = undefined;
  }

  /** What was asked is among the activity until it has come to its end, as is why it has not. */
  async #command(title: string, call: Call, tell?: (status?: GatewayStatus) => Told): Promise<void> {
    if (this.#busy) return;
    await this.#activity.track(title, () => this.#settled(call), tell).catch(() => undefined); // the card tells of it
  }

  async #settled(call: Call): Promise<GatewayStatus | undefined> {
    const before = this.#lab.gateway;
    this.#busy = true;
    const refused = await this.#attempt(call);
    this.#busy = false;
    if (refused) throw new LabError(refused);
    // The answer can come before the events: the gateway as it was before is no end of the change.
    const status = await this.#lab.untilGateway((it) => it !== before && isSettled(it));
    if (status?.problem) throw new LabError(status.problem);
    return status;
  }

  /** Gives why it could not be done. */
  async #attempt(request: Call): Promise<Problem | undefined> {
    try {
      await request();
      this.#problem = undefined;
    } catch (reason) {
      this.#problem = problemOf(reason);
    }
    return this.#problem;
  }
}

/** Whoever takes the containers down while they come up has what was before them again. */
const raised = (status?: GatewayStatus): Told =>
  `${status?.mode} ${status?.state}` === 'stack ready'
    ? {}
    : { outcome: 'cancelled', detail: 'It was stopped before it was ready.' };

export const gateway = new Gateway();
