// Where what lies over the page is put.

/** A place on the screen to open at, as an element has one. */
export interface Place {
  getBoundingClientRect: () => DOMRect;
  /** What it was opened from: it gets the keyboard back. */
  from: HTMLElement;
}

/**
 * What a menu or a note that belongs to the element has to lie in: under an open dialog or a
 * console that fills the screen, nothing outside of them can be seen or reached.
 */
export const layerOf = (element: Element): Element =>
  element.closest('dialog[open]') ?? document.fullscreenElement ?? document.body;

/** Where a context menu was asked for: by the keyboard, which points nowhere, at the element itself. */
export function placeOf(event: MouseEvent): Place {
  const from = event.currentTarget as HTMLElement;
  const { clientX: x, clientY: y } = event;
  const pointed = x !== 0 || y !== 0;
  return {
    from: document.activeElement instanceof HTMLElement ? document.activeElement : from,
    getBoundingClientRect: () => (pointed ? new DOMRect(x, y, 0, 0) : from.getBoundingClientRect()),
  };
}
