// The display through Guacamole, with guacamole-common-js over the tunnel that
// the program keeps to the web application.

import Guacamole from 'guacamole-common-js';
import type { Client, Display, Keyboard, Status, Stream } from 'guacamole-common-js';
import { cursorStyle } from './cursor';
import type { Key } from './keys';
import { pixelRatio } from './pixels';
import { sendPointer, type Place } from './pointer';
import { margin, scaleOf, wish, type Scale, type Size } from './scale';
import type { Listener, Open, Screen } from './screen';
import { statusSentence } from './status';

const images = ['image/png', 'image/jpeg', 'image/webp'];
/** A size is asked for when the window has kept it so long. */
const calm = 250;

class GuacamoleScreen implements Screen {
  #stage = document.createElement('div');
  #listener: Listener;
  #client: Client;
  #display: Display;
  #keyboard: Keyboard;
  #watch = new ResizeObserver(() => this.#lay());
  #asked = '';
  #asking?: ReturnType<typeof setTimeout>;
  #scale: Scale = 'fit';
  #synced = false;
  #why = '';
  #over = false;

  constructor(target: HTMLElement, address: string, listener: Listener) {
    this.#listener = listener;
    const tunnel = new Guacamole.WebSocketTunnel(address);
    tunnel.onerror = (status) => this.#blame(status);
    tunnel.onstatechange = (state) => state === Guacamole.Tunnel.State.CLOSED && this.#end();
    this.#client = new Guacamole.Client(tunnel);
    this.#display = this.#client.getDisplay();
    this.#furnish(target);
    this.#keyboard = new Guacamole.Keyboard(this.#stage);
    this.#hear();
    this.#sendInput();
    this.#client.connect(this.#request());
  }

  /** A place for the picture that can have the keyboard; it scrolls what does not fit. */
  #furnish(target: HTMLElement): void {
    const stage = this.#stage;
    stage.tabIndex = 0;
    Object.assign(stage.style, { position: 'absolute', inset: '0', overflow: 'auto', outline: '0' });
    stage.style.touchAction = 'none';
    stage.append(this.#display.getElement());
    target.append(stage);
    this.#watch.observe(stage);
    addEventListener('resize', this.#lay);
  }

  #hear(): void {
    const client = this.#client;
    client.onerror = (status) => this.#blame(status);
    client.onsync = () => {
      this.#synced = true;
      this.#look();
    };
    client.onclipboard = (stream, type) => this.#read(stream, type);
    this.#display.onresize = () => {
      this.#lay();
      this.#look();
    };
    this.#display.oncursor = (canvas, x, y) => {
      this.#display.showCursor(false);
      this.#stage.style.cursor = cursorStyle(canvas, x, y);
    };
  }

  #sendInput(): void {
    const stage = this.#stage;
    this.#keyboard.onkeydown = (keysym) => {
      this.#client.sendKeyEvent(1, keysym);
      return false;
    };
    this.#keyboard.onkeyup = (keysym) => this.#client.sendKeyEvent(0, keysym);
    stage.addEventListener('blur', () => this.#keyboard.reset());
    stage.addEventListener('pointerdown', () => this.focus());
    sendPointer(
      stage,
      () => this.#place(),
      (state) => {
        this.#display.showCursor(false);
        this.#client.sendMouseState(state);
      },
    );
  }

  set scale(scale: Scale) {
    this.#scale = scale;
    this.#lay();
  }

  focus(): void {
    this.#stage.focus({ preventScroll: true });
  }

  press({ keysym }: Key, down: boolean): void {
    this.#client.sendKeyEvent(down ? 1 : 0, keysym);
  }

  canvas(): HTMLCanvasElement {
    return this.#display.getDefaultLayer().getCanvas();
  }

  paste(text: string): void {
    const writer = new Guacamole.StringWriter(this.#client.createClipboardStream('text/plain'));
    writer.sendText(text);
    writer.sendEnd();
  }

  still(): string {
    return this.#display.flatten().toDataURL('image/jpeg', 0.6);
  }

  close(): void {
    this.#over = true;
    clearTimeout(this.#asking);
    this.#watch.disconnect();
    removeEventListener('resize', this.#lay);
    this.#keyboard.reset();
    this.#client.disconnect();
    this.#stage.remove();
  }

  /** It is shown with its first whole picture: before that the display has no size. */
  #look(): void {
    if (this.#synced && this.#display.getWidth() > 0) this.#listener.shown();
  }

  #blame({ code, message }: Status): void {
    this.#why ||= statusSentence(code, message);
  }

  #end(): void {
    if (!this.#over) this.#listener.ended(this.#why);
    this.#over = true;
  }

  #read(stream: Stream, type: string): void {
    const reader = new Guacamole.StringReader(stream);
    let text = '';
    reader.ontext = (part) => (text += part);
    reader.onend = () => type.startsWith('text/') && this.#listener.copied(text);
  }

  get #room(): Size {
    const { width, height } = this.#stage.getBoundingClientRect();
    return { width, height };
  }

  get #guest(): Size {
    return { width: this.#display.getWidth(), height: this.#display.getHeight() };
  }

  #lay = (): void => {
    const [guest, room, ratio] = [this.#guest, this.#room, pixelRatio()];
    if (!room.width || !room.height) return;
    if (this.#scale !== 'actual') this.#askLater();
    if (!guest.width || !guest.height) return;
    const scale = scaleOf(this.#scale !== 'actual', guest, room, ratio);
    const { left, top } = this.#stage.getBoundingClientRect();
    this.#display.scale(scale);
    const { style } = this.#display.getElement();
    style.marginLeft = `${margin(left, room.width, guest.width * scale, ratio)}px`;
    style.marginTop = `${margin(top, room.height, guest.height * scale, ratio)}px`;
    style.imageRendering = Number.isInteger(scale * ratio) ? 'pixelated' : 'auto';
    this.#stage.style.overflow = this.#scale === 'actual' ? 'auto' : 'hidden';
  };

  #place(): Place {
    const element = this.#display.getElement();
    const { left, top, width } = element.getBoundingClientRect();
    const guest = this.#guest;
    return { left, top, scale: width / guest.width, ...guest };
  }

  /** What the gateway is told of this screen; audio is left out, so that none is sent. */
  #request(): string {
    const { width, height } = wish(this.#room, pixelRatio());
    this.#asked = `${width} ${height}`;
    const query = new URLSearchParams(images.map((type) => ['GUAC_IMAGE', type]));
    query.set('GUAC_WIDTH', String(width));
    query.set('GUAC_HEIGHT', String(height));
    query.set('GUAC_DPI', String(Math.round(96 * pixelRatio())));
    return query.toString();
  }

  /** Asks the guest to follow the window's size; guacd does so where the connection allows it. */
  #askLater(): void {
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => {
      const { width, height } = wish(this.#room, pixelRatio());
      if (`${width} ${height}` === this.#asked) return;
      this.#asked = `${width} ${height}`;
      this.#client.sendSize(width, height);
    }, calm);
  }
}

export const open: Open = (...given) => new GuacamoleScreen(...given);
