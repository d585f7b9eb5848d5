// Where the keyboard goes when what had it goes away.

/** Gives the keyboard to the screen, if nothing that can be seen has it. */
export function land(): void {
  const holder = document.activeElement ?? document.body;
  if (holder === document.body || holder.closest('[inert]')) document.querySelector('main')?.focus();
}

/**
 * To be called before the nodes of a list change, and what it gives after that: what had the keyboard
 * keeps it when it was moved within the page, which takes it away; when its node went, the same
 * control of the one in its place gets it, or else the screen.
 */
export function keepPlace(list: HTMLElement): () => void {
  const holder = document.activeElement;
  if (!(holder instanceof HTMLElement) || !list.contains(holder)) return () => undefined;
  const item = holder.closest('[data-id]');
  const place = item ? items(list).indexOf(item) : -1;
  const control = item ? controls(item).indexOf(holder) : -1;
  return () => {
    if (document.activeElement !== holder && document.activeElement !== document.body) return;
    if (holder.isConnected) return holder.focus({ preventScroll: true });
    if (item?.isConnected) return controls(item)[0]?.focus({ preventScroll: true });
    const next = items(list)[place] ?? items(list).at(-1);
    if (next) (controls(next)[control] ?? controls(next)[0])?.focus({ preventScroll: true });
    land();
  };
}

const items = (list: Element): Element[] => [...list.querySelectorAll('[data-id]')];
const controls = (item: Element) => [
  item as HTMLElement,
  ...item.querySelectorAll<HTMLElement>('button, input'),
];
