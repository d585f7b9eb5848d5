// What the program says in English, in the language of the page: errors, checks and the like come
// as sentences that were put together already, and are found by the text that each was made of.
// backend/words/told.go does the same for what is shown outside the page.

import { filled, inLanguage, locale, said } from './words';

/** A text with places, to find what it was filled with. */
interface Pattern {
  key: string;
  /** What is around its places. */
  pieces: string[];
  /** The numbers of its places, as they stand. */
  order: number[];
  /** How much of it is the same whatever it is filled with. */
  weight: number;
}

let patterns: Pattern[] | undefined;

/** The sentence in the language of the page; what is not known, as another program's words, stays. */
export function told(english = ''): string {
  patterns ??= said().filter(hasPlaces).map(patternOf);
  return patterns.length && english ? tell(english) : english;
}

const hasPlaces = (key: string) => /\{\d\}/.test(key);

function patternOf(key: string): Pattern {
  const pieces = key.split(/\{\d\}/);
  const order = (key.match(/(?<=\{)\d(?=\})/g) ?? []).map(Number);
  return { key, pieces, order, weight: pieces.join('').length };
}

// Whole, then in front of its cause, then with its cause within, then sentence by sentence.
function tell(english: string): string {
  const whole = sentence(english, false);
  if (whole !== undefined) return whole;
  for (const { index } of english.matchAll(/: /g)) {
    const head = sentence(english.slice(0, index), false);
    if (head !== undefined) return `${head}: ${tell(english.slice(index + 2))}`;
  }
  const caused = sentence(english, true);
  if (caused !== undefined) return caused;
  const end = /(?<=[.!?]) (?=\p{Lu})/u.exec(english)?.index;
  return end === undefined ? english : `${tell(english.slice(0, end))} ${tell(english.slice(end + 1))}`;
}

/** A text in the language, and how much of the English it accounts for. */
interface Found {
  text: string;
  weight: number;
}

/** A text as it is, or without the capital and the full stop that it got as a sentence: what fits best. */
function sentence(english: string, causes: boolean): string | undefined {
  const bare = english.replace(/\.$/, '');
  const stop = english.slice(bare.length);
  let best = find(english, causes);
  for (const text of [bare.charAt(0).toLowerCase() + bare.slice(1), bare]) {
    const found = find(text, causes);
    if (found && found.weight > (best?.weight ?? 0)) best = { ...found, text: found.text + stop };
  }
  return best?.text;
}

function find(english: string, causes: boolean): Found | undefined {
  const own = inLanguage(english);
  if (own !== undefined) return { text: own, weight: english.length };
  let best: [Pattern, string[]] | undefined;
  for (const pattern of patterns ?? []) {
    if (best && pattern.weight <= best[0].weight) continue;
    const values = match(pattern, english, causes);
    if (values) best = [pattern, values];
  }
  if (!best) return undefined;
  const [{ key, weight }, values] = best;
  const text = filled(
    inLanguage(key) ?? '',
    values.map((value) => inLanguage(value) ?? localised(value)),
  );
  return { text, weight };
}

/** 3.2 GiB, as the program writes it, with the decimal sign of the language. */
const localised = (value: string) =>
  value.replace(/^\d+\.\d(?= [KMGT]iB$)/, (number) =>
    new Intl.NumberFormat(locale(), { minimumFractionDigits: 1, useGrouping: false }).format(Number(number)),
  );

/**
 * Of how many letters a text has so little of its own that only names may fill its places:
 * "{0} is {1}" would be found in anybody's words.
 */
const few = 12;

/**
 * What fills the places, if the text is one of this pattern. No place is empty; one at the end may
 * have a cause behind a colon where causes are looked for.
 */
function match({ pieces, order, weight }: Pattern, text: string, causes: boolean): string[] | undefined {
  const [head = '', ...tail] = pieces;
  if (!text.startsWith(head)) return undefined;
  let rest = text.slice(head.length);
  const values: string[] = [];
  for (const [n, piece] of tail.entries()) {
    const last = n === tail.length - 1;
    const at = last ? (rest.endsWith(piece) ? rest.length - piece.length : -1) : rest.indexOf(piece);
    if (at <= 0) return undefined;
    const value = rest.slice(0, at);
    if (value.includes(': ') && (!causes || at < rest.length)) return undefined;
    if (value.includes(' ') && weight < few) return undefined;
    values[order[n] ?? 0] = value;
    rest = rest.slice(at + piece.length);
  }
  return values;
}
