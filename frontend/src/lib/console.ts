// One console: it connects while its node has a display, and connects again,
// by itself, until it is closed.

import type RFB from '@novnc/novnc';

export type Phase = 'off' | 'connecting' | 'connected' | 'waiting';

/** What a console needs from outside. */
export interface Wiring {
  /** Where the picture goes. */
  target: HTMLElement;
  /** A fresh address for each attempt. */
  address: () => Promise<string>;
  /** Called on every change; `why` says what went wrong while waiting. */
  changed: (phase: Phase, why: string) => void;
  /** The last picture, as a data URL, once the connection is gone. */
  still: (picture: string) => void;
  /** The client; a test gives its own. */
  client?: () => Promise<{ default: new (target: HTMLElement, url: string) => RFB }>;
}

const firstWait = 200;
const longestWait = 5_000;

export class Console {
  #wiring: Wiring;
  #rfb?: RFB;
  #phase: Phase = 'off';
  #attempt = 0;
  #wait = firstWait;
  #timer?: ReturnType<typeof setTimeout>;
  #fit = true;

  constructor(wiring: Wiring) {
    this.#wiring = wiring;
  }

  /** Tells whether the node has a display; the console follows. */
  follow(display: boolean): void {
    if (!display) this.close();
    else if (this.#phase === 'off' || this.#phase === 'waiting') void this.#connect();
  }

  /** Ends the connection, and all attempts at one. */
  close(): void {
    this.#attempt++;
    clearTimeout(this.#timer);
    this.#wait = firstWait;
    this.#release()?.disconnect();
    this.#become('off', '');
  }

  set fit(fit: boolean) {
    this.#fit = fit;
    if (this.#rfb) this.#rfb.scaleViewport = fit;
  }

  focus(): void {
    this.#rfb?.focus({ preventScroll: true });
  }

  sendCtrlAltDel(): void {
    this.#rfb?.sendCtrlAltDel();
  }

  async #connect(): Promise<void> {
    const attempt = ++this.#attempt;
    clearTimeout(this.#timer);
    this.#become('connecting', '');
    try {
      const load = this.#wiring.client ?? (() => import('@novnc/novnc'));
      const [client, address] = await Promise.all([load(), this.#wiring.address()]);
      if (attempt === this.#attempt) this.#open(new client.default(this.#wiring.target, address));
    } catch (reason) {
      if (attempt === this.#attempt) this.#retry(reason instanceof Error ? reason.message : String(reason));
    }
  }

  #open(rfb: RFB): void {
    this.#rfb = rfb;
    rfb.scaleViewport = this.#fit;
    rfb.background = 'transparent';
    rfb.showDotCursor = true;
    const mine = (handle: () => void) => () => this.#rfb === rfb && handle();
    rfb.addEventListener(
      'connect',
      mine(() => this.#connected()),
    );
    rfb.addEventListener(
      'disconnect',
      mine(() => this.#lost()),
    );
  }

  #connected(): void {
    this.#wait = firstWait;
    this.#become('connected', '');
  }

  #lost(): void {
    const was = this.#phase;
    this.#release();
    this.#retry(was === 'connected' ? 'The connection ended.' : 'The display did not answer.');
  }

  /** Lets go of the client and keeps its last picture. */
  #release(): RFB | undefined {
    const rfb = this.#rfb;
    this.#rfb = undefined;
    if (rfb && this.#phase === 'connected') this.#wiring.still(rfb.toDataURL('image/jpeg', 0.6));
    return rfb;
  }

  #retry(why: string): void {
    this.#become('waiting', why);
    this.#timer = setTimeout(() => void this.#connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, longestWait);
  }

  #become(phase: Phase, why: string): void {
    this.#phase = phase;
    this.#wiring.changed(phase, why);
  }
}
