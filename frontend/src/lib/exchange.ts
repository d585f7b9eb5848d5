// One clipboard for the desktop and a guest: what is copied here can be pasted
// there, and the other way round, while the console has the keyboard.

import type { Press } from './keys';
import { longestText } from './screen';

/** The desktop's clipboard. */
export interface Desk {
  /** Undefined where a page may not read it unasked: then only a paste of the person's gives it. */
  read: () => Promise<string | undefined>;
  write: (text: string) => Promise<unknown>;
}

/** What the exchange needs of a console. */
interface Guest {
  paste(text: string): void;
  press: Press;
}

type Taker = 'guest' | 'browser' | 'nobody';
type Key = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'altKey' | 'shiftKey' | 'metaKey'>;

/** The keysym that pastes in a guest, if the keys do that: Ctrl+V, Ctrl+Shift+V or Shift+Insert. */
export function pasteKey({ key, ctrlKey, altKey, shiftKey, metaKey }: Key): number | undefined {
  if (altKey || metaKey) return undefined;
  if (ctrlKey && key.toLowerCase() === 'v') return key.charCodeAt(0);
  return !ctrlKey && shiftKey && key === 'Insert' ? 0xff63 : undefined;
}

export class Exchange {
  #desk: Desk;
  #guest: Guest;
  #refused: (length: number) => void;
  #last = '';
  #readable = true;
  /** Of the desktop's text, where that is too long for a guest. */
  #tooLong = 0;

  constructor(desk: Desk, guest: Guest, refused: (length: number) => void) {
    this.#desk = desk;
    this.#guest = guest;
    this.#refused = refused;
  }

  /** Gives the guest what the desktop has, if that is new to it. */
  async offer(): Promise<void> {
    const text = await this.#desk.read().catch(() => undefined);
    this.#readable = text !== undefined;
    this.give(text ?? '');
  }

  /** Another guest, or another connection to it, knows nothing yet. */
  forget(): void {
    this.#last = '';
  }

  give(text: string): void {
    this.#tooLong = text.length > longestText ? text.length : 0;
    if (!text || text === this.#last || this.#tooLong) return;
    this.#last = text;
    this.#guest.paste(text);
  }

  /** Takes what the guest has copied. */
  take(text: string): void {
    if (!text || text === this.#last) return;
    this.#last = text;
    this.#tooLong = 0;
    this.#desk.write(text).catch(() => undefined); // the guest's copy stays in the guest
  }

  /**
   * Who gets a key. Those that paste reach nobody while the guest has not got the text: it would
   * paste an older one. Where the clipboard can not be read they first reach the browser, which hands
   * it over, and only then the guest.
   */
  key(event: Key): Taker {
    const keysym = pasteKey(event);
    if (keysym === undefined) return 'guest';
    if (this.#readable) return this.#complain() ? 'nobody' : 'guest';
    this.#tooLong = 0;
    setTimeout(() => {
      if (this.#tooLong) return;
      for (const down of [true, false]) this.#guest.press({ keysym, code: event.code }, down);
    });
    return 'browser';
  }

  /** To be called when the person pastes: that a text is too long matters only then. Gives whether it is. */
  #complain(): boolean {
    if (this.#tooLong) this.#refused(this.#tooLong);
    return this.#tooLong > 0;
  }

  /** Takes what a paste of the person's hands over. */
  handed(text: string): void {
    this.give(text);
    this.#complain();
  }
}

/** Connects an exchange to the element of a console. */
export function listen(exchange: Exchange, element: HTMLElement): () => void {
  const held = () => element.contains(document.activeElement);
  const offer = () => void (held() && exchange.offer());
  const key = (event: KeyboardEvent) => {
    const taker = exchange.key(event);
    if (taker === 'guest') return;
    event.stopPropagation();
    if (taker === 'browser') return;
    event.stopImmediatePropagation(); // nor do the guests that get what is typed here
    event.preventDefault();
  };
  const paste = (event: ClipboardEvent) => exchange.handed(event.clipboardData?.getData('text/plain') ?? '');

  element.addEventListener('focusin', offer);
  element.addEventListener('keydown', key, true);
  element.addEventListener('paste', paste);
  addEventListener('focus', offer);
  return () => {
    element.removeEventListener('focusin', offer);
    element.removeEventListener('keydown', key, true);
    element.removeEventListener('paste', paste);
    removeEventListener('focus', offer);
  };
}
