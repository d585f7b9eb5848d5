import type { JobLine, JobStatus, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';

export type Outcome = Exclude<JobStatus, 'waiting'>;

/** Something the person asked for. */
export interface Entry {
  id: number;
  /** "Start web-1": what was asked. */
  title: string;
  at: number;
  outcome: Outcome;
  /** Milliseconds from the request to its effect. */
  took?: number;
  /** What came of it, in a few words. */
  detail?: string;
  problem?: Problem;
  /** What befell each node of a bulk command, the worst first. */
  lines?: JobLine[];
}

/** What a command may tell of itself besides that it is done. */
export type Told = Pick<Entry, 'detail' | 'lines' | 'problem'> & { outcome?: Outcome };

/** How many are kept: who needs more reads the log. */
const capacity = 200;

/** What the person asked for since the page was opened, how long it took and what came of it. */
export class Activity {
  #list = $state.raw<Entry[]>([]);
  #unseen = $state.raw<number[]>([]);
  #last = 0;
  #working = $derived(this.#list.filter(({ outcome }) => outcome === 'working').length);

  /** The newest first. */
  get list(): Entry[] {
    return this.#list;
  }

  /** How many are under way. */
  get working(): number {
    return this.#working;
  }

  /** How many have failed that nobody has looked at. */
  get unseen(): number {
    return this.#unseen.length;
  }

  /** Tells that the list was looked at. */
  see(): void {
    this.#unseen = [];
  }

  /** Forgets what is over. */
  clear(): void {
    this.#list = this.#list.filter(({ outcome }) => outcome === 'working');
    this.#unseen = [];
  }

  /** Does the work and keeps what came of it. Rejects as the work does. */
  async track<T>(title: string, work: (entry: number) => Promise<T>, tell?: (result: T) => Told): Promise<T> {
    const entry = this.#add(title);
    const from = performance.now();
    const end = (told: Told) =>
      this.#end(entry, { outcome: 'done', took: performance.now() - from, ...told });
    try {
      const result = await work(entry);
      end(tell?.(result) ?? {});
      return result;
    } catch (reason) {
      end({ outcome: 'failed', problem: problemOf(reason) });
      throw reason;
    }
  }

  #add(title: string): number {
    const entry: Entry = { id: ++this.#last, title, at: Date.now(), outcome: 'working' };
    const over = this.#list.filter(({ outcome }) => outcome !== 'working').length;
    const oldest = over >= capacity ? this.#list.findLast(({ outcome }) => outcome !== 'working') : undefined;
    this.#list = [entry, ...this.#list.filter((it) => it !== oldest)];
    return entry.id;
  }

  #end(id: number, end: Partial<Entry>): void {
    this.#list = this.#list.map((entry) => (entry.id === id ? { ...entry, ...end } : entry));
    if (end.outcome === 'failed') this.#unseen = [...this.#unseen, id].slice(-capacity);
  }
}

export const activity = new Activity();
