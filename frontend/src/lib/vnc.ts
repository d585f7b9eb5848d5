// The display straight over VNC, with noVNC.

import RFB from '@novnc/novnc';
import type { Key } from './keys';
import { pixelRatio } from './pixels';
import { margin, scaleOf, wishOf, type Scale, type Size } from './scale';
import type { Listener, Open, Screen } from './screen';

/** A size is asked for when the window has kept it so long. */
const calm = 250;

/**
 * noVNC fills its frame with the picture. The frame has the size that the picture is to have on
 * this monitor, and the stage around it scrolls what does not fit.
 */
class VNCScreen implements Screen {
  #stage = document.createElement('div');
  #frame = document.createElement('div');
  #canvas: HTMLCanvasElement | null;
  #rfb: RFB;
  #scale: Scale = 'fit';
  #asked = '';
  #asking?: ReturnType<typeof setTimeout>;
  #room = new ResizeObserver(() => this.#lay());
  /** Tells when the guest changes its resolution. */
  #guest = new MutationObserver(() => this.#lay());
  #ended = false;

  constructor(target: HTMLElement, address: string, listener: Listener) {
    Object.assign(this.#stage.style, { position: 'absolute', inset: '0', overflow: 'hidden' });
    this.#stage.append(this.#frame);
    target.append(this.#stage);
    this.#rfb = new RFB(this.#frame, address);
    this.#canvas = this.#frame.querySelector('canvas');
    this.#furnish();
    this.#hear(listener);
  }

  #furnish(): void {
    this.#rfb.background = 'transparent';
    this.#rfb.showDotCursor = true;
    const canvas = this.#canvas;
    if (!canvas) return;
    // The Tab key leads back to it.
    canvas.setAttribute('tabindex', '0');
    // A rounding of its size must not give it bars of its own.
    if (canvas.parentElement) canvas.parentElement.style.overflow = 'hidden';
    this.#guest.observe(canvas, { attributeFilter: ['width', 'height'] });
    this.#room.observe(this.#stage);
    addEventListener('resize', this.#lay);
    this.#stage.addEventListener('pointerdown', () => this.focus());
  }

  #hear(listener: Listener): void {
    const rfb = this.#rfb;
    rfb.addEventListener('connect', () => {
      this.#lay();
      listener.shown();
    });
    rfb.addEventListener('clipboard', (event) => listener.copied(textOf(event)));
    rfb.addEventListener('disconnect', () => {
      this.#ended = true;
      listener.ended('');
    });
  }

  set scale(scale: Scale) {
    this.#scale = scale;
    this.#asked = '';
    this.#lay();
  }
  focus(): void {
    this.#rfb.focus({ preventScroll: true });
  }
  press({ keysym, code }: Key, down: boolean): void {
    this.#rfb.sendKey(keysym, code, down);
  }
  paste(text: string): void {
    this.#rfb.clipboardPasteFrom(text);
  }
  canvas(): HTMLCanvasElement | undefined {
    return this.#canvas ?? undefined;
  }
  still(): string {
    return this.#rfb.toDataURL('image/jpeg', 0.6);
  }
  close(): void {
    clearTimeout(this.#asking);
    this.#room.disconnect();
    this.#guest.disconnect();
    removeEventListener('resize', this.#lay);
    if (!this.#ended) this.#rfb.disconnect();
    this.#ended = true;
    this.#stage.remove();
  }

  #lay = (): void => {
    const { left, top, width, height } = this.#stage.getBoundingClientRect();
    const guest = { width: this.#canvas?.width ?? 0, height: this.#canvas?.height ?? 0 };
    const [room, ratio] = [{ width, height }, pixelRatio()];
    if (!width || !height || !guest.width || !guest.height) return;
    if (this.#scale === 'resize') this.#askLater(room);
    const scale = scaleOf(this.#scale !== 'actual', guest, room, ratio);
    const size = { width: guest.width * scale, height: guest.height * scale };
    this.#frame.style.margin = `${margin(top, height, size.height, ratio)}px 0 0 ${margin(left, width, size.width, ratio)}px`;
    this.#stage.style.overflow = this.#scale === 'actual' ? 'auto' : 'hidden';
    if (this.#canvas) this.#canvas.style.imageRendering = isWhole(scale * ratio) ? 'pixelated' : 'auto';
    this.#fill(size);
  };

  #fill({ width, height }: Size): void {
    Object.assign(this.#frame.style, { width: `${width}px`, height: `${height}px` });
    // It follows the frame by itself, but a frame later: where the pointer is must be right at once.
    this.#rfb.scaleViewport = true;
  }

  /** Asks the guest to fill the room; QEMU passes that on where its display driver can. */
  #askLater(room: Size): void {
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => {
      const wanted = wishOf(room, pixelRatio());
      const key = `${wanted.width} ${wanted.height}`;
      if (this.#asked === key) return;
      this.#asked = key;
      // noVNC asks for the size of its frame, in the moment in which it is told to.
      Object.assign(this.#frame.style, { width: `${wanted.width}px`, height: `${wanted.height}px` });
      this.#rfb.resizeSession = true;
      this.#rfb.resizeSession = false;
      this.#lay();
    }, calm);
  }
}

const isWhole = (scale: number) => Math.abs(scale - Math.round(scale)) < 0.001;
const textOf = (event: Event) => (event as CustomEvent<{ text: string }>).detail.text;

export const open: Open = (...given) => new VNCScreen(...given);
