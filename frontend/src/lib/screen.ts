// A display in the page, whichever way it comes.

export type Transport = 'direct' | 'guacamole';

/** One connection to a display. It shows the picture in its target, and can be had once. */
export interface Screen {
  /** Whether the picture fits the target, rather than having its own size. */
  fit: boolean;
  focus(): void;
  sendCtrlAltDel(): void;
  /** Presses and releases one key: its X11 keysym, and its place on the keyboard. */
  tap(keysym: number, code: string): void;
  /** Gives the guest a text for its clipboard. */
  paste(text: string): void;
  /** The last picture, as a data URL; also after the end. */
  still(): string;
  /** Ends the connection and leaves the target as it was. More than once does no harm. */
  close(): void;
}

/** What a screen tells. */
export interface Listener {
  /** There is a picture. */
  shown(): void;
  /** The connection is gone, by a sentence or an empty text. */
  ended(why: string): void;
  /** The guest has put a text in its clipboard. */
  copied(text: string): void;
}

/** Connects to a display at the address of a WebSocket. */
export type Open = (target: HTMLElement, address: string, listener: Listener) => Screen;

/** The largest text that goes through a clipboard: what guacd takes at most. */
export const longestText = 256 * 1024;
