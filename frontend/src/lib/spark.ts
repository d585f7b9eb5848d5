// A line of small values over time.

/** The points of a line through shares of 0 to 1, the newest at the right, in a box of `width` by 1. */
export function sparkline(values: number[], width: number): string {
  const left = width - values.length;
  return values
    .map((value, n) => `${left + n + 1},${(1 - Math.min(1, Math.max(0, value))).toFixed(3)}`)
    .join(' ');
}
