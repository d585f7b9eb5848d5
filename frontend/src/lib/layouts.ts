// Keyboard layouts of guests, by QEMU's names: which keys make a character. They are those
// of Linux; where Windows or a text console differs, the common part is taken if there is one.

import { altGr, enter, keysymOf, modifiers, space, tab, type Key } from './keys';

/** One press of a key, with what is held meanwhile. */
export interface Stroke {
  key: Key;
  held: Key[];
}

/** What a text becomes: its strokes, and the characters that the layout can not make. */
export interface Plan {
  strokes: Stroke[];
  missing: string[];
}

/** The keys that make characters, row by row as on a keyboard with a key beside the left Shift. */
const places = [
  'Backquote Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal',
  'KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight',
  'KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backslash',
  'IntlBackslash KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash',
]
  .join(' ')
  .split(' ');

/** Accents on dead keys: the mark that each puts on the next character, and its keysym. */
const accents: Record<string, [mark: string, keysym: number]> = {
  '`': ['\u0300', 0xfe50],
  '´': ['\u0301', 0xfe51],
  '^': ['\u0302', 0xfe52],
  '~': ['\u0303', 0xfe53],
  '¨': ['\u0308', 0xfe57],
};

/**
 * What the keys make, in the order of `places`: alone, and with Shift. A dead key is its accent
 * after a full stop, as in .^; an underscore twice is a key that makes nothing.
 */
interface Layout {
  plain: string;
  shift: string;
  /** With AltGr: the key by its place, the character as above. */
  altGr?: Record<string, string>;
  altGrShift?: Record<string, string>;
}

const nordicAltGr = {
  Digit2: '@',
  Digit3: '£',
  Digit4: '$',
  Digit7: '{',
  Digit8: '[',
  Digit9: ']',
  Digit0: '}',
  KeyE: '€',
  KeyM: 'µ',
  BracketRight: '.~',
};

const us: Layout = {
  plain: "` 1 2 3 4 5 6 7 8 9 0 - = q w e r t y u i o p [ ] a s d f g h j k l ; ' \\ __ z x c v b n m , . /",
  shift: '~ ! @ # $ % ^ & * ( ) _ + Q W E R T Y U I O P { } A S D F G H J K L : " | __ Z X C V B N M < > ?',
};

const swedish: Layout = {
  plain: "§ 1 2 3 4 5 6 7 8 9 0 + .´ q w e r t y u i o p å .¨ a s d f g h j k l ö ä ' < z x c v b n m , . -",
  shift: '½ ! " # ¤ % & / ( ) = ? .` Q W E R T Y U I O P Å .^ A S D F G H J K L Ö Ä * > Z X C V B N M ; : _',
  altGr: { ...nordicAltGr, Minus: '\\', IntlBackslash: '|' },
};

const norwegian: Layout = {
  plain: "| 1 2 3 4 5 6 7 8 9 0 + \\ q w e r t y u i o p å .¨ a s d f g h j k l ø æ ' < z x c v b n m , . -",
  shift: '§ ! " # ¤ % & / ( ) = ? .` Q W E R T Y U I O P Å .^ A S D F G H J K L Ø Æ * > Z X C V B N M ; : _',
  altGr: { ...nordicAltGr, Equal: '.´' },
};

const layouts: Record<string, Layout> = {
  'en-us': us,
  'en-gb': {
    plain: "` 1 2 3 4 5 6 7 8 9 0 - = q w e r t y u i o p [ ] a s d f g h j k l ; ' # \\ z x c v b n m , . /",
    shift: '¬ ! " £ $ % ^ & * ( ) _ + Q W E R T Y U I O P { } A S D F G H J K L : @ ~ | Z X C V B N M < > ?',
    altGr: { Digit4: '€' },
  },
  de: {
    plain:
      '.^ 1 2 3 4 5 6 7 8 9 0 ß .´ q w e r t z u i o p ü + a s d f g h j k l ö ä # < y x c v b n m , . -',
    shift:
      '° ! " § $ % & / ( ) = ? .` Q W E R T Z U I O P Ü * A S D F G H J K L Ö Ä \' > Y X C V B N M ; : _',
    altGr: {
      Digit2: '²',
      Digit3: '³',
      Digit7: '{',
      Digit8: '[',
      Digit9: ']',
      Digit0: '}',
      Minus: '\\',
      KeyQ: '@',
      KeyE: '€',
      KeyM: 'µ',
      BracketRight: '~',
      IntlBackslash: '|',
    },
  },
  fr: {
    plain:
      '² & é " \' ( - è _ ç à ) = a z e r t y u i o p .^ $ q s d f g h j k l m ù * < w x c v b n , ; : !',
    shift:
      '__ 1 2 3 4 5 6 7 8 9 0 ° + A Z E R T Y U I O P .¨ £ Q S D F G H J K L M % µ > W X C V B N ? . / §',
    altGr: {
      Digit2: '~',
      Digit3: '#',
      Digit4: '{',
      Digit5: '[',
      Digit6: '|',
      Digit7: '`',
      Digit8: '\\',
      Digit9: '^',
      Digit0: '@',
      Minus: ']',
      Equal: '}',
      KeyE: '€',
      BracketRight: '¤',
    },
  },
  es: {
    plain:
      "º 1 2 3 4 5 6 7 8 9 0 ' ¡ q w e r t y u i o p .` + a s d f g h j k l ñ .´ ç < z x c v b n m , . -",
    shift:
      'ª ! " · $ % & / ( ) = ? ¿ Q W E R T Y U I O P .^ * A S D F G H J K L Ñ .¨ Ç > Z X C V B N M ; : _',
    altGr: {
      Backquote: '\\',
      Digit1: '|',
      Digit2: '@',
      Digit3: '#',
      Digit4: '~',
      Digit6: '¬',
      KeyE: '€',
      BracketLeft: '[',
      BracketRight: ']',
      Quote: '{',
      Backslash: '}',
    },
  },
  it: {
    plain: "\\ 1 2 3 4 5 6 7 8 9 0 ' ì q w e r t y u i o p è + a s d f g h j k l ò à ù < z x c v b n m , . -",
    shift: '| ! " £ $ % & / ( ) = ? ^ Q W E R T Y U I O P é * A S D F G H J K L ç ° § > Z X C V B N M ; : _',
    altGr: {
      Minus: '`',
      Equal: '~',
      KeyE: '€',
      BracketLeft: '[',
      BracketRight: ']',
      Semicolon: '@',
      Quote: '#',
    },
    altGrShift: { BracketLeft: '{', BracketRight: '}' },
  },
  pt: {
    plain:
      "\\ 1 2 3 4 5 6 7 8 9 0 ' « q w e r t y u i o p + .´ a s d f g h j k l ç º .~ < z x c v b n m , . -",
    shift:
      '| ! " # $ % & / ( ) = ? » Q W E R T Y U I O P * .` A S D F G H J K L Ç ª .^ > Z X C V B N M ; : _',
    altGr: {
      Digit2: '@',
      Digit3: '£',
      Digit4: '§',
      Digit7: '{',
      Digit8: '[',
      Digit9: ']',
      Digit0: '}',
      KeyE: '€',
      BracketLeft: '.¨',
    },
  },
  sv: swedish,
  fi: swedish,
  da: {
    plain:
      "½ 1 2 3 4 5 6 7 8 9 0 + .´ q w e r t y u i o p å .¨ a s d f g h j k l æ ø ' < z x c v b n m , . -",
    shift:
      '§ ! " # ¤ % & / ( ) = ? .` Q W E R T Y U I O P Å .^ A S D F G H J K L Æ Ø * > Z X C V B N M ; : _',
    altGr: { ...nordicAltGr, Equal: '|', IntlBackslash: '\\' },
  },
  no: norwegian,
  nb: norwegian,
  pl: {
    ...us,
    altGr: {
      KeyA: 'ą',
      KeyC: 'ć',
      KeyE: 'ę',
      KeyL: 'ł',
      KeyN: 'ń',
      KeyO: 'ó',
      KeyS: 'ś',
      KeyX: 'ź',
      KeyZ: 'ż',
      KeyU: '€',
    },
    altGrShift: {
      KeyA: 'Ą',
      KeyC: 'Ć',
      KeyE: 'Ę',
      KeyL: 'Ł',
      KeyN: 'Ń',
      KeyO: 'Ó',
      KeyS: 'Ś',
      KeyX: 'Ź',
      KeyZ: 'Ż',
    },
  },
};

/** The layout of a node whose keymap is left to QEMU. */
export const usual = 'en-us';

/** Those that can be typed with. */
export const layoutNames = Object.keys(layouts);

/** How each character is typed. */
type Table = Map<string, Stroke[]>;

const tables = new Map<string, Table>();

function tableOf(name: string): Table {
  const known = tables.get(name);
  if (known) return known;
  const made = build(layouts[name] ?? us);
  tables.set(name, made);
  return made;
}

function build({ plain, shift, ...further }: Layout): Table {
  const dead: Table = new Map();
  const table: Table = new Map([
    ['\n', [{ key: enter, held: [] }]],
    ['\t', [{ key: tab, held: [] }]],
    [' ', [{ key: space, held: [] }]],
  ]);
  // The easiest way to a character comes first, and stays.
  addRow(plain, []);
  addRow(shift, [modifiers.shift]);
  addSome(further.altGr, [altGr]);
  addSome(further.altGrShift, [altGr, modifiers.shift]);
  addAccents(table, dead);
  return table;

  function addRow(row: string, held: Key[]): void {
    row.split(' ').forEach((made, at) => add(places[at] ?? '', made, held));
  }
  function addSome(some: Record<string, string> = {}, held: Key[]): void {
    for (const [code, made] of Object.entries(some)) add(code, made, held);
  }
  function add(code: string, made: string, held: Key[]): void {
    if (made === '__') return;
    const accent = made.length === 2 ? made.slice(1) : '';
    const keysym = accent ? (accents[accent]?.[1] ?? 0) : keysymOf(made);
    const into = accent ? dead : table;
    const name = accent || made;
    if (!into.has(name)) into.set(name, [{ key: { keysym, code }, held }]);
  }
}

/** What dead keys make: the accent by itself, and on the letters of Latin-1. */
function addAccents(table: Table, dead: Table): void {
  for (const [accent, strokes] of dead)
    if (!table.has(accent)) table.set(accent, [...strokes, { key: space, held: [] }]);
  for (let point = 0xc0; point <= 0xff; point++) {
    const letter = String.fromCodePoint(point);
    const [base = '', mark] = letter.normalize('NFD');
    const accent = Object.keys(accents).find((it) => accents[it]?.[0] === mark);
    const [first, then] = [dead.get(accent ?? ''), table.get(base)];
    if (mark && first && then && !table.has(letter)) table.set(letter, [...first, ...then]);
  }
}

/** How a text is typed on a layout. Line ends of every kind are Enter. */
export function plan(text: string, layout: string): Plan {
  const table = tableOf(layout);
  const strokes: Stroke[] = [];
  const missing = new Set<string>();
  for (const character of text.replace(/\r\n?/g, '\n').normalize('NFC')) {
    const way = table.get(character);
    if (way) strokes.push(...way);
    else missing.add(character);
  }
  return { strokes, missing: [...missing] };
}
