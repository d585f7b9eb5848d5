// When which live picture is asked for: of what can be seen alone, a few at once, each again
// after a while, and the more seldom the less there is to see.

export interface Clock {
  now(): number;
  /** Calls back after so many milliseconds, unless what it gives is called first. */
  after(ms: number, step: () => void): () => void;
}

/** Gets one picture; gives whether it is another than before. */
export type Load = (id: string, signal: AbortSignal) => Promise<boolean>;

/** How many are asked for at once. */
const atOnce = 2;
/** Between two beginnings, so that pictures do not come in a flood. */
const stagger = 150;
const shortest = 5_000;
const longest = 30_000;
/** After this long a picture is given up. */
const patience = 10_000;

interface Wanted {
  due: number;
  wait: number;
  end?: () => void;
}

export class Thumbs {
  #wanted = new Map<string, Wanted>();
  /** When each was asked for last: who comes back into sight soon need not be asked for again. */
  #asked = new Map<string, number>();
  #load: Load;
  #clock: Clock;
  #active = 0;
  #next = -Infinity;
  #paused = false;
  #cancel: () => void = () => undefined;

  constructor(load: Load, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
  }

  /** A node came into sight: its picture is wanted until what this gives is called. */
  see(id: string): () => void {
    const due = Math.max(this.#clock.now(), (this.#asked.get(id) ?? -Infinity) + shortest);
    const it: Wanted = { due, wait: shortest };
    this.#wanted.get(id)?.end?.();
    this.#wanted.set(id, it);
    this.#plan();
    return () => {
      it.end?.();
      if (this.#wanted.get(id) === it) this.#wanted.delete(id);
    };
  }

  /** Asks for nothing while paused; what is under way may end. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.#plan();
  }

  #plan(): void {
    this.#cancel();
    if (this.#paused || this.#active >= atOnce) return;
    const first = this.#first();
    if (!first) return;
    const wait = Math.max(first[1].due, this.#next) - this.#clock.now();
    this.#cancel = this.#clock.after(Math.max(0, wait), () => this.#begin(...first));
  }

  /** What waits longest. */
  #first(): [string, Wanted] | undefined {
    let first: [string, Wanted] | undefined;
    for (const entry of this.#wanted)
      if (!entry[1].end && (!first || entry[1].due < first[1].due)) first = entry;
    return first;
  }

  #begin(id: string, it: Wanted): void {
    if (this.#wanted.get(id) !== it) return this.#plan();
    const abort = new AbortController();
    const stop = this.#clock.after(patience, () => it.end?.());
    this.#active++;
    this.#asked.set(id, this.#clock.now());
    this.#next = this.#clock.now() + stagger;
    let over = false;
    const end = (changed: boolean) => {
      if (over) return;
      over = true;
      stop();
      abort.abort();
      it.end = undefined;
      it.wait = changed ? shortest : Math.min(longest, it.wait * 1.5);
      it.due = this.#clock.now() + it.wait;
      this.#active--;
      this.#plan();
    };
    it.end = () => end(false);
    // A picture that can not be had now leaves the last one; it is asked for again later.
    this.#load(id, abort.signal).then(end, () => end(false));
    this.#plan();
  }
}

/** A number for a picture, by which two can be told apart: FNV-1a. */
export function fingerprint(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash;
}
