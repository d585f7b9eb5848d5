// Drawing a box with the pointer over what scrolls.

import type { Box } from './grid';

interface Point {
  x: number;
  y: number;
}

/** How far the pointer goes before a press is a drag. */
const threshold = 5;
/** How near to an edge what is below scrolls along, and how far in a frame at most. */
const edge = 40;
const fastest = 24;

export function boxOf(a: Point, b: Point): Box {
  const [width, height] = [Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width, height };
}

/** How far to scroll when the pointer is at `y` of what can be seen between two heights. */
export function pull(y: number, top: number, bottom: number): number {
  const over = y < top + edge ? y - top - edge : y > bottom - edge ? y - bottom + edge : 0;
  return Math.sign(over) * Math.min(fastest, Math.ceil(Math.abs(over) / 3));
}

/**
 * Follows a press until it is let go. `origin` is what the box is measured from, and moves as
 * `scroller` scrolls. `over` is told whether a box was drawn.
 */
export function drag(
  event: PointerEvent,
  scroller: HTMLElement,
  origin: HTMLElement,
  draw: (box: Box) => void,
  over: (drawn: boolean) => void,
): void {
  const at = ({ clientX, clientY }: { clientX: number; clientY: number }): Point => {
    const { left, top } = origin.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  };
  const from = at(event);
  const stop = new AbortController();
  let last = event;
  let frame = 0;

  const step = () => {
    const { top, bottom } = scroller.getBoundingClientRect();
    const by = pull(last.clientY, top, bottom);
    scroller.scrollTop += by;
    draw(boxOf(from, at(last)));
    frame = by ? requestAnimationFrame(step) : 0;
  };
  const move = (next: PointerEvent) => {
    last = next;
    const { width, height } = boxOf(from, at(next));
    if (!frame && !scroller.hasPointerCapture(next.pointerId)) {
      if (Math.max(width, height) < threshold) return;
      scroller.setPointerCapture(next.pointerId);
    }
    if (!frame) frame = requestAnimationFrame(step);
  };
  const end = () => {
    stop.abort();
    cancelAnimationFrame(frame);
    over(scroller.hasPointerCapture(event.pointerId));
  };
  const { signal } = stop;
  addEventListener('pointermove', move, { signal });
  addEventListener('pointerup', end, { signal });
  addEventListener('pointercancel', end, { signal });
}
