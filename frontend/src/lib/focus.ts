// Where the keyboard goes when what had it goes away.

/** Gives the keyboard to the screen, if nothing that can be seen has it. */
export function land(): void {
  const holder = document.activeElement ?? document.body;
  if (holder === document.body || holder.closest('[inert]')) document.querySelector('main')?.focus();
}

/**
 * To be called before the rows of a list change, and what it gives after that: when the row
 * with the keyboard went, the same control of the row in its place gets it, or else the screen.
 */
export function keepPlace(list: HTMLElement): () => void {
  const holder = document.activeElement;
  const row = holder?.closest('[role=row]');
  if (!holder || !list.contains(holder)) return () => undefined;
  if (!row) return () => holder.isConnected || land();
  const place = rows(list).indexOf(row);
  const control = controls(row).findIndex((it) => it === holder);
  return () => {
    if (row.isConnected) return;
    const next = rows(list)[place] ?? rows(list).at(-1);
    if (next) (controls(next)[control] ?? controls(next)[0])?.focus();
    land();
  };
}

const rows = (list: Element): Element[] => [...list.querySelectorAll('[role=row]')];
const controls = (row: Element) => [...row.querySelectorAll<HTMLElement>('button, input')];
