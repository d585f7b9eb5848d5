// The part of guacamole-common-js that we use; those on npm are not of its version.
declare module 'guacamole-common-js' {
  export interface Status {
    code: number;
    message?: string;
  }
  export interface Stream {
    index: number;
  }
  export interface MouseState {
    x: number;
    y: number;
    left: boolean;
    middle: boolean;
    right: boolean;
    up: boolean;
    down: boolean;
  }

  export class WebSocketTunnel {
    constructor(url: string);
    onerror: ((status: Status) => void) | null;
    onstatechange: ((state: number) => void) | null;
  }

  export class Display {
    onresize: ((width: number, height: number) => void) | null;
    oncursor: ((canvas: HTMLCanvasElement, x: number, y: number) => void) | null;
    getElement(): HTMLElement;
    getWidth(): number;
    getHeight(): number;
    scale(scale: number): void;
    showCursor(shown: boolean): void;
    flatten(): HTMLCanvasElement;
    getDefaultLayer(): { getCanvas(): HTMLCanvasElement };
  }

  export class Client {
    constructor(tunnel: WebSocketTunnel);
    onerror: ((status: Status) => void) | null;
    onsync: (() => void) | null;
    onclipboard: ((stream: Stream, mimetype: string) => void) | null;
    connect(data: string): void;
    disconnect(): void;
    getDisplay(): Display;
    sendSize(width: number, height: number): void;
    sendKeyEvent(pressed: 0 | 1, keysym: number): void;
    sendMouseState(state: MouseState): void;
    createClipboardStream(mimetype: string): Stream;
  }

  /** What its handler gives decides whether the browser does its own with the key, too. */
  export class Keyboard {
    constructor(element: HTMLElement);
    onkeydown: ((keysym: number) => boolean) | null;
    onkeyup: ((keysym: number) => void) | null;
    reset(): void;
  }

  export class StringReader {
    constructor(stream: Stream);
    ontext: ((text: string) => void) | null;
    onend: (() => void) | null;
  }

  export class StringWriter {
    constructor(stream: Stream);
    sendText(text: string): void;
    sendEnd(): void;
  }

  const Guacamole: {
    WebSocketTunnel: typeof WebSocketTunnel;
    Client: typeof Client;
    Keyboard: typeof Keyboard;
    StringReader: typeof StringReader;
    StringWriter: typeof StringWriter;
    Tunnel: { State: { CLOSED: number } };
  };
  export default Guacamole;
}
