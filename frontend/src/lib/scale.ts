// How large a guest's picture is shown, and where. Lengths are CSS pixels, of
// which one has `ratio` pixels of the monitor.

/** How a picture is shown: as large as fits, at its own size, or with the guest asked to fill the room. */
export type Scale = 'fit' | 'actual' | 'resize';

export const scales: Scale[] = ['fit', 'actual', 'resize'];

export interface Size {
  width: number;
  height: number;
}

/**
 * By how much the picture is enlarged. At its own size a pixel of it covers a whole number of
 * the monitor's, so that it stays sharp on every monitor.
 */
export function scaleOf(fit: boolean, guest: Size, room: Size, ratio: number): number {
  if (!fit) return Math.max(1, Math.round(ratio)) / ratio;
  const wanted = Math.min(room.width / guest.width, room.height / guest.height);
  return sharp(wanted * ratio, guest) / ratio;
}

/** A scale that is whole but for a rounding of the room: less than two pixels of the monitor. */
function sharp(scale: number, { width, height }: Size): number {
  const whole = Math.floor(scale);
  return whole > 0 && (scale - whole) * Math.max(width, height) < 2 ? whole : scale;
}

/** The room before a picture of that length in the middle, so that it begins on a pixel of the monitor. */
export function margin(start: number, room: number, length: number, ratio: number): number {
  const free = Math.max(0, (room - length) / 2);
  return Math.max(0, Math.floor((start + free) * ratio) / ratio - start);
}

/** The size to ask the guest for, so that its picture fills the room pixel by pixel. */
export function wish(room: Size, ratio: number): Size {
  return { width: Math.floor(room.width * ratio), height: Math.floor(room.height * ratio) };
}

/** The size to ask for where a pixel of the guest is as large as at its own size. */
export function wishOf(room: Size, ratio: number): Size {
  return wish(room, 1 / scaleOf(false, room, room, ratio));
}
