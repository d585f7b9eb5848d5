// Names of nodes and images.

import { later } from './later';
import { locale } from './words';

/** What is wrong with a name, on one line, or nothing. */
export function nameFault(name: string, taken: Iterable<string>): string {
  if (name === '') return 'A name is needed.';
  if (!/^[A-Za-z0-9]/.test(name)) return 'Start with a letter or a digit.';
  if (!/^[A-Za-z0-9._-]+$/.test(name)) return 'Use letters, digits, dots, underscores or hyphens only.';
  if (name.length > 63) return 'Use 63 characters at most.';
  for (const other of taken) if (other === name) return `The name ${name} is taken.`;
  return '';
}

/** What is wrong with names that are to be given at once, or nothing; the names it is about are named. */
export function namesFault(names: string[], taken: Iterable<string>): string {
  const [only = ''] = names;
  if (names.length === 1) return nameFault(only, taken);
  for (const name of names) {
    const fault = nameFault(name, []);
    if (fault) return `${name || 'An empty name'}: ${fault}`;
  }
  const known = new Set(taken);
  const twice = new Set(names.filter((name, n) => names.indexOf(name) !== n));
  if (twice.size) return `${named([...twice])} would be given twice.`;
  const gone = names.filter((name) => known.has(name));
  if (gone.length === 1) return nameFault(gone[0] ?? '', known);
  return gone.length ? `The names ${named(gone)} are taken.` : '';
}

/** a, b and c; beyond four the rest is counted. */
export function named(names: string[]): string {
  const shown = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} more`] : names;
  return new Intl.ListFormat(locale()).format(shown);
}

/** A free name after an image: tiny-1, tiny-2, ... */
export function suggestName(image: string, taken: Iterable<string>): string {
  const names = new Set(taken);
  const stem = image.slice(0, 40).replace(/[._-]+$/, '') || 'node';
  let n = 1;
  while (names.has(`${stem}-${n}`)) n++;
  return `${stem}-${n}`;
}

const extension = /\.(qcow2?|img|raw|vmdk|vdi|vhd|vhdx|vpc|ova|ovf|iso|gz|xz|zst|bz2|disk)$/i;

/** The name of an image made of a file or of an address: what it is called there, without what a name can not have. */
export function imageName(path: string): string {
  let name =
    path
      .replace(/[?#].*$/, '')
      .split('/')
      .at(-1) ?? '';
  while (extension.test(name)) name = name.replace(extension, '');
  return name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 63)
    .replace(/[._-]+$/, '');
}

const collator = later(() => new Intl.Collator(locale(), { numeric: true }));

/** Orders texts as people do, node-2 before node-10. */
export const byText = (a: string, b: string): number => collator().compare(a, b);

/** Orders by name. */
export const byName = (a: { name: string }, b: { name: string }): number => byText(a.name, b.name);

/** Whether one of the texts contains what is searched for, in upper or lower case. */
export function matches(search: string, texts: (string | undefined)[]): boolean {
  const wanted = search.trim().toLowerCase();
  return texts.some((text) => text?.toLowerCase().includes(wanted));
}
