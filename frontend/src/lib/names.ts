// Names of nodes and images.

const pattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export const nameRule =
  '1 to 63 letters, digits, dots, underscores or hyphens, starting with a letter or digit';

/** What is wrong with a name, or nothing. */
export function nameFault(name: string, taken: Iterable<string>): string {
  if (name === '') return 'A name is needed.';
  if (!pattern.test(name)) return `Use ${nameRule}.`;
  for (const other of taken) if (other === name) return `The name ${name} is taken.`;
  return '';
}

/** A free name after an image: tiny-1, tiny-2, ... */
export function suggestName(image: string, taken: Iterable<string>): string {
  const names = new Set(taken);
  const stem = image.slice(0, 40).replace(/[._-]+$/, '') || 'node';
  let n = 1;
  while (names.has(`${stem}-${n}`)) n++;
  return `${stem}-${n}`;
}

/** The name of an image made of a file: its base name without what a name can not have. */
export function imageName(path: string): string {
  const file = path.split('/').at(-1) ?? '';
  return file
    .replace(/\.(qcow2?|img)$/i, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 63);
}

const collator = new Intl.Collator('en', { numeric: true });

/** Orders by name, node-2 before node-10. */
export function byName(a: { name: string }, b: { name: string }): number {
  return collator.compare(a.name, b.name);
}

/** Whether one of the texts contains what is searched for, in upper or lower case. */
export function matches(search: string, texts: (string | undefined)[]): boolean {
  const wanted = search.trim().toLowerCase();
  return texts.some((text) => text?.toLowerCase().includes(wanted));
}
