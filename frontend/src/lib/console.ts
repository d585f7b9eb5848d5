// One console: it connects while its node has a display, and connects again,
// by itself, until it is closed.

import type { Key } from './keys';
import { sentence } from './problem';
import type { Scale } from './scale';
import type { Open, Screen, Transport } from './screen';

export type Phase = 'off' | 'connecting' | 'connected' | 'waiting';

/** Loads what opens displays in one way: only when it is needed. */
type Load = () => Promise<{ open: Open }>;

/** What a console needs from outside. */
interface Wiring {
  /** Where the picture goes. */
  target: HTMLElement;
  /** A fresh address for each attempt. */
  address: (transport: Transport) => Promise<string>;
  /** Called on every change; `why` says what went wrong while waiting. */
  changed: (phase: Phase, why: string) => void;
  /** An attempt that never showed a picture is over. */
  failed?: (transport: Transport, why: string) => void;
  /** The last picture, as a data URL, once the connection is gone. */
  still: (picture: string) => void;
  /** The guest has put a text in its clipboard. */
  copied?: (text: string) => void;
  /** The ways to a display; a test gives its own. */
  ways?: Record<Transport, Load>;
}

const firstWait = 200;
const longestWait = 5_000;
/** A connection without a picture is given up. */
const patience = 10_000;

const allWays: Record<Transport, Load> = {
  direct: () => import('./vnc'),
  guacamole: () => import('./guacamole'),
};

export class Console {
  #wiring: Wiring;
  #screen?: Screen;
  #transport: Transport = 'direct';
  #phase: Phase = 'off';
  #attempt = 0;
  #wait = firstWait;
  /** When the picture came. */
  #since = 0;
  #timer?: ReturnType<typeof setTimeout>;
  #scale: Scale = 'fit';

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
  }

  /** Tells whether the node has a display, and which way leads to it; the console follows. */
  follow(display: boolean, transport: Transport): void {
    const another = transport !== this.#transport;
    this.#transport = transport;
    if (another) this.#wait = firstWait;
    if (!display) this.close();
    else if (another || this.#phase === 'off' || this.#phase === 'waiting') void this.#connect();
  }

  /** Ends the connection, and all attempts at one. */
  close(): void {
    this.#drop();
    this.#wait = firstWait;
    this.#become('off', '');
  }

  set scale(scale: Scale) {
    this.#scale = scale;
    if (this.#screen) this.#screen.scale = scale;
  }

  focus(): void {
    this.#screen?.focus();
  }

  get connected(): boolean {
    return this.#phase === 'connected';
  }

  press(key: Key, down: boolean): void {
    if (this.connected) this.#screen?.press(key, down);
  }

  /** The picture, while there is one. */
  canvas(): HTMLCanvasElement | undefined {
    return this.connected ? this.#screen?.canvas() : undefined;
  }

  paste(text: string): void {
    if (this.#phase === 'connected') this.#screen?.paste(text);
  }

  async #connect(): Promise<void> {
    this.#drop();
    const attempt = this.#attempt;
    const mine = () => attempt === this.#attempt;
    this.#become('connecting', '');
    try {
      const load = (this.#wiring.ways ?? allWays)[this.#transport];
      const [way, address] = await Promise.all([load(), this.#wiring.address(this.#transport)]);
      if (mine()) this.#open(way.open, address, mine);
    } catch (reason) {
      if (mine()) this.#lost(reason instanceof Error ? reason.message : String(reason));
    }
  }

  #open(open: Open, address: string, mine: () => boolean): void {
    this.#timer = setTimeout(() => this.#lost('No picture came within ten seconds.'), patience);
    this.#screen = open(this.#wiring.target, address, {
      shown: () => mine() && this.#shown(),
      ended: (why) => mine() && this.#lost(why),
      copied: (text) => mine() && this.#wiring.copied?.(text),
    });
    this.#screen.scale = this.#scale;
  }

  #shown(): void {
    if (this.#phase === 'connected') return;
    clearTimeout(this.#timer);
    this.#since = Date.now();
    this.#become('connected', '');
  }

  #lost(why: string): void {
    const was = this.#phase;
    // What ends as soon as it is there is not begun again at once.
    if (was === 'connected' && Date.now() - this.#since > longestWait) this.#wait = firstWait;
    const ending = was === 'connected' ? 'The connection ended.' : 'The display did not answer.';
    const said = sentence(why || ending);
    this.#drop();
    this.#become('waiting', said);
    this.#timer = setTimeout(() => void this.#connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, longestWait);
    if (was === 'connecting') this.#wiring.failed?.(this.#transport, said);
  }

  /** Lets go of the connection, or of what would become one, and keeps its last picture. */
  #drop(): void {
    this.#attempt++;
    clearTimeout(this.#timer);
    const screen = this.#screen;
    this.#screen = undefined;
    if (screen && this.#phase === 'connected') this.#wiring.still(screen.still());
    screen?.close();
  }

  #become(phase: Phase, why: string): void {
    this.#phase = phase;
    this.#wiring.changed(phase, why);
  }
}
