// A terminal for a serial port, with xterm.js: loaded when one is first opened.

import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Terminal } from '@xterm/xterm';
import '@xterm/xterm/css/xterm.css';
import type { Desk } from './exchange';
import { longestText } from './screen';

export interface Line {
  write(data: Uint8Array, done: () => void): void;
  focus(): void;
  clear(): void;
  fit(): void;
  /** Marks the next place of a text, the one before, or, while it is typed, the same if it still fits. */
  find(text: string, to: 'next' | 'back' | 'same'): boolean;
  close(): void;
}

interface Wiring {
  typed: (data: Uint8Array<ArrayBuffer>) => void;
  /** The person wants to search. */
  search: () => void;
  desk: Desk;
  /** A text of so many characters was pasted, which is more than a guest gets. */
  refused: (length: number) => void;
}

export function open(target: HTMLElement, { typed, search, desk, refused }: Wiring): Line {
  const terminal = new Terminal({
    cursorBlink: false,
    fontFamily: getComputedStyle(target).fontFamily,
    fontSize: 13,
    scrollback: 20_000,
    theme: { background: '#000000', foreground: '#e7eaef' },
    screenReaderMode: false,
    allowProposedApi: true,
  });
  const [fitting, searching] = [new FitAddon(), new SearchAddon()];
  terminal.loadAddon(fitting);
  terminal.loadAddon(searching);
  terminal.open(target);
  const encoder = new TextEncoder();
  terminal.onData((text) => typed(encoder.encode(text)));
  // What a mouse report has is no text.
  terminal.onBinary((text) => typed(Uint8Array.from(text, (it) => it.charCodeAt(0))));
  let readable = true;

  const actions: Record<string, () => void> = {
    KeyC: () => void desk.write(terminal.getSelection()).catch(() => undefined), // it stays selected
    KeyF: search,
    KeyV: () => void paste(),
  };
  async function paste() {
    const text = await desk.read().catch(() => undefined);
    readable = text !== undefined;
    if (text && fits(text)) terminal.paste(text);
  }
  // A guest would be busy with more for minutes, and not even Ctrl+C could end that.
  function fits({ length }: string): boolean {
    if (length > longestText) refused(length);
    return length <= longestText;
  }
  target.addEventListener(
    'paste',
    (event) => {
      if (fits(event.clipboardData?.getData('text/plain') ?? '')) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );
  terminal.attachCustomKeyEventHandler((event) => {
    const action = event.ctrlKey && event.shiftKey && !event.altKey ? actions[event.code] : undefined;
    // Where the clipboard can not be read the browser's own paste does it.
    if (!action || (event.code === 'KeyV' && !readable)) return true;
    event.preventDefault();
    if (event.type === 'keydown') action();
    return false;
  });

  return {
    write: (data, done) => terminal.write(data, done),
    focus: () => terminal.focus(),
    clear: () => terminal.clear(),
    fit: () => fitting.fit(),
    find: (text, to) =>
      to === 'back' ? searching.findPrevious(text) : searching.findNext(text, { incremental: to === 'same' }),
    close: () => terminal.dispose(),
  };
}
