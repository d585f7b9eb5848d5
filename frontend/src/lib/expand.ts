// Several names from one pattern, as a shell makes them: web-{1..5}, {db,web}-{01..03}.

/** How many nodes can be made at once. */
export const mostNames = 64;

export interface Expansion {
  names: string[];
  /** What is wrong with the pattern; empty if nothing is. */
  fault: string;
}

/** A pattern without braces gives itself. */
export function expand(pattern: string): Expansion {
  let names = [''];
  for (const part of pattern.split(/(\{[^{}]*\})/)) {
    const words = part.startsWith('{') ? alternatives(part.slice(1, -1)) : literal(part);
    if (!words) return { names: [], fault: 'Write {1..5} or {a,b,c} between braces.' };
    if (names.length * words.length > mostNames)
      return { names: [], fault: `That is more than ${mostNames} nodes at once.` };
    names = names.flatMap((name) => words.map((word) => name + word));
  }
  return { names, fault: '' };
}

const literal = (text: string) => (/[{}]/.test(text) ? undefined : [text]);

function alternatives(inner: string): string[] | undefined {
  const range = /^(\d{1,9})\.\.(\d{1,9})$/.exec(inner);
  if (range) return count(range[1] ?? '', range[2] ?? '');
  const words = inner.split(',').map((word) => word.trim());
  return words.length > 1 ? words : undefined;
}

/** From one number to the other, upwards or down; a leading zero asks for numbers of one width. */
function count(first: string, last: string): string[] {
  const padded = [first, last].some((number) => number.length > 1 && number.startsWith('0'));
  const width = padded ? Math.max(first.length, last.length) : 0;
  const [from, to] = [Number(first), Number(last)];
  // One more than can be made is enough to say that they are too many.
  const length = Math.min(Math.abs(to - from), mostNames) + 1;
  const step = to < from ? -1 : 1;
  return Array.from({ length }, (_, n) => String(from + n * step).padStart(width, '0'));
}
