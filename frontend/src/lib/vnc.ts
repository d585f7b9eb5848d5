// The display straight over VNC, with noVNC.

import RFB from '@novnc/novnc';
import type { Listener, Open, Screen } from './screen';

class VNCScreen implements Screen {
  #rfb: RFB;
  #ended = false;

  constructor(target: HTMLElement, address: string, listener: Listener) {
    const rfb = new RFB(target, address);
    this.#rfb = rfb;
    rfb.background = 'transparent';
    rfb.showDotCursor = true;
    // The Tab key leads back to it.
    target.querySelector('canvas')?.setAttribute('tabindex', '0');
    rfb.addEventListener('connect', () => listener.shown());
    rfb.addEventListener('clipboard', (event) => listener.copied(textOf(event)));
    rfb.addEventListener('disconnect', () => {
      this.#ended = true;
      listener.ended('');
    });
  }

  set fit(fit: boolean) {
    this.#rfb.scaleViewport = fit;
  }
  focus(): void {
    this.#rfb.focus({ preventScroll: true });
  }
  sendCtrlAltDel(): void {
    this.#rfb.sendCtrlAltDel();
  }
  tap(keysym: number, code: string): void {
    this.#rfb.sendKey(keysym, code);
  }
  paste(text: string): void {
    this.#rfb.clipboardPasteFrom(text);
  }
  still(): string {
    return this.#rfb.toDataURL('image/jpeg', 0.6);
  }
  close(): void {
    if (!this.#ended) this.#rfb.disconnect();
    this.#ended = true;
  }
}

const textOf = (event: Event) => (event as CustomEvent<{ text: string }>).detail.text;

export const open: Open = (...given) => new VNCScreen(...given);
