// What a CSS pixel is on this monitor.

let zoom = 1;

/** How many pixels of the monitor one CSS pixel has. */
export const pixelRatio = () => devicePixelRatio * zoom;

/**
 * Takes by how much the desktop wants text to be larger. WebKitGTK enlarges the whole page by that,
 * and leaves it out of devicePixelRatio, as it does out of nothing else.
 */
export function setZoom(now: number): void {
  if (now === zoom || !(now > 0)) return;
  zoom = now;
  dispatchEvent(new Event('resize')); // which whoever asked before listens to
}
