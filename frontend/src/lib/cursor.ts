// The guest's cursor as that of an element. Where it shows none there is a dot,
// so that a person sees where they are.

const circle = '<circle cx="4" cy="4" r="2.5" stroke="white" />';
const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">${circle}</svg>`;
const dot = `url("data:image/svg+xml,${encodeURIComponent(drawing)}") 4 4, crosshair`;

/** The value of `cursor` for a picture and the point in it that points. */
export function cursorStyle(canvas: HTMLCanvasElement, x: number, y: number): string {
  return isSeen(canvas) ? `url(${canvas.toDataURL('image/png')}) ${x} ${y}, default` : dot;
}

function isSeen(canvas: HTMLCanvasElement): boolean {
  const { width, height } = canvas;
  const pixels = width && height ? canvas.getContext('2d')?.getImageData(0, 0, width, height).data : [];
  return pixels?.some((value, at) => at % 4 === 3 && value > 0) ?? false;
}
