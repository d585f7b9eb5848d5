// The language of the page. Its texts stand in the sources in English; words/vite.js puts a call
// of `words` in the place of each, which gives the same text in the language that was chosen.

/** Of a text that was taken apart: a piece, the number of a place, or an element with what is in it. */
type Part = string | number | Element;
type Element = [tag: number, ...Part[]];

export interface Catalogue {
  /** By their English; of one with several forms all of them. */
  texts: Record<string, string | string[]>;
  /** Those that the program says. */
  said: string[];
}

const catalogues: Record<string, () => Promise<{ default: Catalogue }>> = {
  de: () => import('virtual:words/de'),
};

/** The languages there are, the one of the sources first. */
export const languages = ['en', ...Object.keys(catalogues)] as const;

const none: Catalogue = { texts: {}, said: [] };
let catalogue = none;
let chosen = 'en-GB';
const parted = new Map<string, Part[]>();

/** How numbers, dates and times are written: a tag as Intl has it, of the language of the texts. */
export const locale = () => chosen;

/**
 * Has every text from now on in the first of the wished languages that there is, English if there
 * is none; gives which. To be done before what has texts is loaded, whose tables are filled then.
 */
export async function speak(wishes: readonly string[]): Promise<string> {
  const language = languages.find((it) => it === wishes.map(base).find(known)) ?? 'en';
  // Where the language is set its country is still the desktop's.
  const like = wishes.filter((it) => base(it) === language);
  chosen = like.find((it) => it.includes('-')) ?? (language === 'en' ? 'en-GB' : language);
  catalogue = (await catalogues[language]?.())?.default ?? none;
  parted.clear();
  return language;
}

/** A text that begins a sentence, for within one: English alone has a small letter there. */
export const within = (text: string) =>
  base(chosen) === 'en' ? text.charAt(0).toLowerCase() + text.slice(1) : text;

const base = (tag: string) => tag.replace(/[-_].*/, '').toLowerCase();
const known = (language: string) => (languages as readonly string[]).includes(language);

/** What a catalogue has instead of an English text; nothing in English, or if it has not. */
export const inLanguage = (english: string): string | undefined => {
  const own = catalogue.texts[english];
  return typeof own === 'string' ? own : undefined;
};

/** What the program says, in English, of the catalogue in use; nothing in English. */
export const said = (): string[] => catalogue.said;

const forms = (text: string) => {
  const own = catalogue.texts[text];
  return own === undefined ? text.split('\n') : [own].flat();
};

/** A text with its places filled. */
export function words(text: string, places: unknown[] = []): string {
  return fill(parts(text), places);
}

/** The text in parts, for a sentence with elements in it. */
words.c = parts;
/** The text of an element within a sentence: its parts behind its number. */
words.x = (own: Part[], places: unknown[] = []) => fill(own.slice(1), places);
/** The forms of a text that counts. */
words.p = forms;

/** Fills the places of a text that is in the right language already. */
export const filled = (text: string, places: unknown[]) => fill(part(text.split(mark)), places);

const fill = (own: Part[], places: unknown[]) =>
  own.map((part) => (typeof part === 'number' ? String(places[part] ?? '') : part)).join('');

function parts(text: string): Part[] {
  let own = parted.get(text);
  if (!own) parted.set(text, (own = part(forms(text).join('\n').split(mark))));
  return own;
}

// {0}, <0/>, <0> and </0>: a split by it has text at even places and marks at odd ones.
const mark = /(\{\d+\}|<\d+\/>|<\/?\d+>)/;

function part(pieces: string[]): Part[] {
  const own: Part[] = [];
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) {
    const number = Number(/\d+/.exec(piece)?.[0]);
    if (!mark.test(piece)) own.push(piece);
    else if (piece.startsWith('{')) own.push(number);
    else if (piece.endsWith('/>')) own.push([number]);
    else if (piece.startsWith('</')) return own;
    else own.push([number, ...part(pieces)]);
  }
  return own.filter((it) => it !== '');
}
