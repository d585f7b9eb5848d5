// A display in the page, whichever way it comes.

import type { Press } from './keys';
import type { Scale } from './scale';

export type Transport = 'direct' | 'guacamole';

/** One connection to a display. It shows the picture in its target, and can be had once. */
export interface Screen {
  scale: Scale;
  focus(): void;
  /** Presses or releases one key, whether or not the person holds it. */
  press: Press;
  /** Gives the guest a text for its clipboard. */
  paste(text: string): void;
  /** What it is painted on; undefined without a picture. Its size is the guest's. */
  canvas(): HTMLCanvasElement | undefined;
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
