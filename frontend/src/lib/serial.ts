// One serial port: it connects while its node runs, and connects again by itself, unless
// another took the port. What comes is given on no faster than it is taken.

import { sentence } from './problem';

/** Ended: it is not known yet whether its node is off, or another has it. */
export type SerialPhase = 'off' | 'connecting' | 'connected' | 'waiting' | 'ended' | 'taken';

interface Wiring {
  address: () => Promise<string>;
  changed: (phase: SerialPhase, why: string) => void;
  /** Takes output, and calls `done` when there is room for more. */
  output: (data: Uint8Array, done: () => void) => void;
}

const firstWait = 200;
const longestWait = 5_000;
/** So much is given on at once. */
const portion = 64 * 1024;
/** What waits longer than that loses its oldest part: nobody reads it, and memory is bounded. */
const longestQueue = 16 * 1024 * 1024;
/** The program's word that the node stopped, or that another took the port. */
const ended = 4001;
/** In that time a node that stopped is known to be off. */
const doubt = 1_500;

export class Serial {
  #wiring: Wiring;
  #socket?: WebSocket;
  #phase: SerialPhase = 'off';
  #wait = firstWait;
  #timer?: ReturnType<typeof setTimeout>;
  #attempt = 0;
  #boot = '';
  #queue: Uint8Array[] = [];
  #queued = 0;
  #busy = false;

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
  }

  /** Tells whether the node runs, and in which boot; another boot is another chance. */
  follow(runs: boolean, boot: string): void {
    const another = boot !== this.#boot;
    this.#boot = boot;
    if (!runs) this.close();
    else if (['off', 'waiting', ...(another ? ['ended', 'taken'] : [])].includes(this.#phase))
      void this.connect();
  }

  async connect(): Promise<void> {
    this.#drop();
    const attempt = this.#attempt;
    this.#become('connecting', '');
    try {
      const address = await this.#wiring.address();
      if (attempt === this.#attempt) this.#open(address, attempt);
    } catch (reason) {
      if (attempt === this.#attempt) this.#lost(reason instanceof Error ? reason.message : String(reason));
    }
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.#phase === 'connected') this.#socket?.send(data);
  }

  close(): void {
    this.#drop();
    this.#wait = firstWait;
    this.#become('off', '');
  }

  #open(address: string, attempt: number): void {
    const socket = new WebSocket(address, 'binary');
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    const mine = () => attempt === this.#attempt;
    let since = 0;
    // The program's first message, an empty one, says that the port is open: a socket alone is not.
    socket.onmessage = ({ data }) => {
      if (!mine()) return;
      if (!since) this.#become('connected', '');
      since ||= Date.now();
      const bytes = new Uint8Array(data as ArrayBuffer);
      if (bytes.length) this.#take(bytes);
    };
    socket.onclose = ({ code, reason }) => {
      if (!mine()) return;
      if (since && Date.now() - since > longestWait) this.#wait = firstWait;
      this.#lost(reason || 'The connection ended.', code);
    };
  }

  #lost(why: string, code = 0): void {
    this.#drop();
    this.#become(code === ended ? 'ended' : 'waiting', sentence(why));
    if (code === ended) this.#timer = setTimeout(() => this.#become('taken', takenSentence), doubt);
    else this.#timer = setTimeout(() => void this.connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, longestWait);
  }

  #take(data: Uint8Array): void {
    this.#queue.push(data);
    this.#queued += data.length;
    while (this.#queued > longestQueue) this.#queued -= this.#queue.shift()?.length ?? 0;
    if (!this.#busy) this.#give();
  }

  #give = (): void => {
    this.#busy = this.#queue.length > 0;
    if (!this.#busy) return;
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let part = this.#queue[0]; part && length < portion; part = this.#queue[0]) {
      parts.push(part);
      length += part.length;
      this.#queue.shift();
    }
    this.#queued -= length;
    this.#wiring.output(join(parts, length), this.#give);
  };

  #drop(): void {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
  }

  #become(phase: SerialPhase, why: string): void {
    this.#phase = phase;
    this.#wiring.changed(phase, why);
  }
}

export const takenSentence = 'Another took the serial port: one can have it at a time.';

function join(parts: Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
