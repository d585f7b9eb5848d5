// Finding by a few letters: every word of what was typed has to be in the text, in one
// piece or with letters left out; the better it is there, the further up the text comes.

/** A text to find, made ready once: searching is done at each key. */
export interface Text {
  lower: string;
  /** Which characters are in it: most texts are told apart by that alone. */
  mask: number;
}

export function text(words: string): Text {
  const lower = words.toLowerCase();
  return { lower, mask: maskOf(lower) };
}

function maskOf(lower: string): number {
  let mask = 0;
  for (let i = 0; i < lower.length; i++) mask |= 1 << (lower.charCodeAt(i) & 31);
  return mask;
}

/** The words of what was typed. */
export const wordsOf = (query: string): Text[] => query.trim().split(/\s+/).filter(Boolean).map(text);

/** How well all the words are in the text; 0 if one is not. */
export function score(words: Text[], it: Text): number {
  let sum = 1;
  for (const word of words) {
    if ((word.mask & it.mask) !== word.mask) return 0;
    const one = whole(word.lower, it.lower) || scattered(word.lower, it.lower);
    if (!one) return 0;
    sum += one;
  }
  return sum;
}

const isEdge = (lower: string, at: number) => at <= 0 || ' -_./'.includes(lower[at - 1] ?? ' ');
const isSpace = (lower: string, at: number) => at < 0 || at >= lower.length || lower[at] === ' ';

/** In one piece: best as a word of its own, then at the beginning of one. */
function whole(word: string, lower: string): number {
  let best = 0;
  for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1)) {
    const begins = isEdge(lower, at) ? 40 : 0;
    const own = isSpace(lower, at - 1) && isSpace(lower, at + word.length) ? 40 : 0;
    best = Math.max(best, 100 + begins + own - Math.min(at, 20));
    if (own) break;
  }
  return best;
}

/** With letters left out: each that goes on or begins a word counts. Few letters far apart are no find. */
function scattered(word: string, lower: string): number {
  let at = -1;
  let sum = 0;
  let first = -1;
  for (const letter of word) {
    const next = lower.indexOf(letter, at + 1);
    if (next < 0) return 0;
    if (first < 0) first = next;
    sum += next === at + 1 ? 6 : isEdge(lower, next) ? 8 : 0;
    at = next;
  }
  const spread = at - first + 1 - word.length;
  return spread > word.length * 4 ? 0 : Math.max(1, sum + 20 - spread);
}

/** A piece of a text, and whether it is what was found. */
export interface Piece {
  piece: string;
  found: boolean;
}

/** The text in pieces, for the eye: those that the words were found in, and those between. */
export function pieces(words: Text[], label: string): Piece[] {
  const found = places(words, label.toLowerCase());
  const all: Piece[] = [];
  for (let at = 0; at < label.length; at++) {
    const last = all.at(-1);
    if (last?.found === found.has(at)) last.piece += label[at];
    else all.push({ piece: label[at] ?? '', found: found.has(at) });
  }
  return all;
}

function places(words: Text[], lower: string): Set<number> {
  const found = new Set<number>();
  for (const { lower: word } of words) {
    const start = bestStart(word, lower);
    let at = start - 1;
    for (let i = 0; i < word.length; i++) {
      at = start >= 0 ? start + i : lower.indexOf(word[i] ?? '', at + 1);
      if (at >= 0) found.add(at);
    }
  }
  return found;
}

function bestStart(word: string, lower: string): number {
  const first = lower.indexOf(word);
  for (let at = first; at >= 0; at = lower.indexOf(word, at + 1)) if (isEdge(lower, at)) return at;
  return first;
}

export interface Findable {
  text: Text;
}

/** What the words are found in, best first, at most `limit`; of equals the earlier one. */
export function best<T extends Findable>(
  items: T[],
  words: Text[],
  limit: number,
  bonus: (item: T) => number,
): T[] {
  const found: { item: T; points: number; at: number }[] = [];
  for (let at = 0; at < items.length; at++) {
    const item = items[at] as T;
    const points = score(words, item.text);
    if (points) found.push({ item, points: points + bonus(item) - item.text.lower.length / 100, at });
  }
  found.sort((a, b) => b.points - a.points || a.at - b.at);
  return found.slice(0, limit).map(({ item }) => item);
}
