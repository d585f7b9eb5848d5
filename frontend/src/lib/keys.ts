// Keys as displays are sent them: an X11 keysym, and the place on the keyboard.

export interface Key {
  keysym: number;
  /** As in KeyboardEvent.code; empty where only the keysym is known. */
  code: string;
}

/** Sends that one key goes down or up. */
export type Press = (key: Key, down: boolean) => void;

const key = (keysym: number, code: string): Key => ({ keysym, code });

export const modifiers = {
  ctrl: key(0xffe3, 'ControlLeft'),
  alt: key(0xffe9, 'AltLeft'),
  shift: key(0xffe1, 'ShiftLeft'),
  super: key(0xffeb, 'MetaLeft'),
};
export type Modifier = keyof typeof modifiers;

export const altGr = key(0xfe03, 'AltRight');
export const enter = key(0xff0d, 'Enter');
export const tab = key(0xff09, 'Tab');
export const space = key(0x20, 'Space');

const { ctrl, alt } = modifiers;
const functionKey = (n: number) => key(0xffbd + n, `F${n}`);

/** What the keyboard of a desktop can not send a guest, since the desktop has its own use for it. */
export interface Chord {
  id: string;
  label: string;
  keys: Key[];
}

export const chords: Chord[] = [
  { id: 'cad', label: 'Ctrl+Alt+Del', keys: [ctrl, alt, key(0xffff, /* @wc-ignore */ 'Delete')] },
  { id: 'backspace', label: 'Ctrl+Alt+Backspace', keys: [ctrl, alt, key(0xff08, 'Backspace')] },
  { id: 'alt-tab', label: 'Alt+Tab', keys: [alt, tab] },
  { id: 'print', label: /* @wc-ignore */ 'Print', keys: [key(0xff61, 'PrintScreen')] },
  { id: 'super', label: 'Super', keys: [modifiers.super] },
  { id: 'escape', label: 'Esc', keys: [key(0xff1b, 'Escape')] },
];

/** The text consoles of a guest. */
export const functionChords: Chord[] = Array.from({ length: 12 }, (_, at) => ({
  id: `f${at + 1}`,
  label: `F${at + 1}`,
  keys: [ctrl, alt, functionKey(at + 1)],
}));

/** Presses keys one after the other, and releases them the other way round. */
export function strike(keys: Key[], press: Press): void {
  for (const it of keys) press(it, true);
  for (const it of [...keys].reverse()) press(it, false);
}

/** Those whose keysym differs from the number of the character. */
const oldKeysyms: Record<string, number> = {
  '€': 0x20ac,
  ą: 0x1b1,
  Ą: 0x1a1,
  ć: 0x1e6,
  Ć: 0x1c6,
  ę: 0x1ea,
  Ę: 0x1ca,
  ł: 0x1b3,
  Ł: 0x1a3,
  ń: 0x1f1,
  Ń: 0x1d1,
  ś: 0x1b6,
  Ś: 0x1a6,
  ź: 0x1bc,
  Ź: 0x1ac,
  ż: 0x1bf,
  Ż: 0x1af,
};

/** The keysym of a character. */
export function keysymOf(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  return oldKeysyms[character] ?? (point < 0x100 ? point : 0x1000000 + point);
}

/** Keysyms of the keys that make no character: of the left one, and of the right one. */
const named: Record<string, [left: number, right?: number]> = {
  Alt: [0xffe9, 0xffea],
  AltGraph: [0xfe03],
  ArrowDown: [0xff54],
  ArrowLeft: [0xff51],
  ArrowRight: [0xff53],
  ArrowUp: [0xff52],
  Backspace: [0xff08],
  CapsLock: [0xffe5],
  ContextMenu: [0xff67],
  Control: [0xffe3, 0xffe4],
  Delete: [0xffff],
  End: [0xff57],
  Enter: [0xff0d],
  Escape: [0xff1b],
  Home: [0xff50],
  Insert: [0xff63],
  Meta: [0xffeb, 0xffec],
  NumLock: [0xff7f],
  PageDown: [0xff56],
  PageUp: [0xff55],
  Pause: [0xff13],
  PrintScreen: [0xff61],
  ScrollLock: [0xff14],
  Shift: [0xffe1, 0xffe2],
  Tab: [0xff09],
};

const rightSide = 2;

/** The key of an event; undefined for one that has neither a name nor a character. */
export function keyOf(event: Pick<KeyboardEvent, 'key' | 'code' | 'location'>): Key | undefined {
  const { key: name, code, location } = event;
  if (/^F\d+$/.test(name)) return key(0xffbd + Number(name.slice(1)), code);
  const [left, right] = named[name] ?? [];
  if (left) return key(location === rightSide ? (right ?? left) : left, code);
  return [...name].length === 1 ? key(keysymOf(name), code) : undefined;
}

/** Knows which keys are down, so that none stays down for good. */
export class Held {
  #press: Press;
  #down = new Map<string, Key>();

  constructor(press: Press) {
    this.#press = press;
  }

  press(it: Key, down: boolean): void {
    const place = it.code || `${it.keysym}`;
    // A key is released as what it was pressed as, even where its character has changed since.
    const known = this.#down.get(place) ?? it;
    if (down) this.#down.set(place, known);
    else this.#down.delete(place);
    this.#press(known, down);
  }

  release(): void {
    const down = [...this.#down.values()];
    this.#down.clear();
    for (const it of down) this.#press(it, false);
  }
}

/** Tells of the keys that are pressed in an element, and lets them pass. */
export function listenKeys(element: HTMLElement, told: Press, left: () => void): () => void {
  const hear = (event: KeyboardEvent) => {
    const it = keyOf(event);
    if (it) told(it, event.type === 'keydown');
  };
  element.addEventListener('keydown', hear, true);
  element.addEventListener('keyup', hear, true);
  element.addEventListener('focusout', left);
  addEventListener('blur', left);
  return () => {
    element.removeEventListener('keydown', hear, true);
    element.removeEventListener('keyup', hear, true);
    element.removeEventListener('focusout', left);
    removeEventListener('blur', left);
  };
}
