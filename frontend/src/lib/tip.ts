// What is said of a thing while the pointer or the keyboard rests on it: its `data-tip`.

/** What has something said of it: the element, or the nearest around it. */
export const tipped = (target: EventTarget | null): HTMLElement | undefined =>
  (target instanceof Element && target.closest<HTMLElement>('[data-tip]')) || undefined;

/** A tip as the description that a screen reader has of a control; svelte does not know the attribute yet. */
export const described = (tip: string) => (tip ? { 'aria-description': tip } : {});

const flat = (text: string | null) => (text ?? '').replace(/\s+/g, ' ').trim();
/** Whether some of its words have no room: they are cut off, or shrunk away. */
function isCut(it: Element): boolean {
  const { overflowX, fontSize } = getComputedStyle(it);
  return (it.scrollWidth > it.clientWidth && overflowX !== 'visible') || fontSize === '0px';
}

/** What is to be said: nothing, if all of it can be read at the element itself. */
export function tipOf(element: HTMLElement): string {
  const tip = element.dataset.tip?.trim() ?? '';
  const isRead = flat(element.textContent).includes(flat(tip));
  return isRead && ![element, ...element.querySelectorAll('*')].some(isCut) ? '' : tip;
}

interface Size {
  width: number;
  height: number;
}
interface Box extends Size {
  left: number;
  top: number;
}

const gap = 6;
const edge = 8;

/** Below a thing or, where there is no room, above it; beside what has its like right below. */
export function spot(of: Box, tip: Size, room: Size, beside = false): { left: number; top: number } {
  const after = (from: number, length: number, own: number, end: number) =>
    from + length + gap + own + edge <= end ? from + length + gap : from - gap - own;
  const middle = (from: number, length: number, own: number) => from + (length - own) / 2;
  const within = (at: number, own: number, end: number) => Math.max(edge, Math.min(at, end - own - edge));
  const left = beside
    ? after(of.left, of.width, tip.width, room.width)
    : middle(of.left, of.width, tip.width);
  const top = beside
    ? middle(of.top, of.height, tip.height)
    : after(of.top, of.height, tip.height, room.height);
  return { left: within(left, tip.width, room.width), top: within(top, tip.height, room.height) };
}
