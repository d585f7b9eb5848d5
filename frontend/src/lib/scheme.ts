// The colours of the page: those that are chosen, or else the desktop's.

export type Scheme = 'dark' | 'light';

const light = matchMedia('(prefers-color-scheme: light)');
const listeners: (() => void)[] = [];
let chosen = '';

light.addEventListener('change', show);

/** The scheme there is now. */
export function scheme(): Scheme {
  if (chosen === 'dark' || chosen === 'light') return chosen;
  return light.matches ? 'light' : 'dark';
}

/** Has the page be dark or light from now on; empty: as the desktop is. */
export function chooseScheme(wish: string): void {
  chosen = wish;
  show();
}

/** Calls `changed` whenever there may be another scheme. */
export function onScheme(changed: () => void): void {
  listeners.push(changed);
}

/** app.css has the colours of each. */
function show(): void {
  document.documentElement.dataset.scheme = scheme();
  for (const changed of listeners) changed();
}
