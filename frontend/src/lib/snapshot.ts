// Pictures of a console, for files and for the clipboard.

/** NAME-2026-11-24-203201.png: it says of what, and when. */
export function fileName(name: string, kind: 'png' | 'webm', at = new Date()): string {
  const two = (n: number) => `${n}`.padStart(2, '0');
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join('');
  return `${name}-${day}-${time}.${kind}`;
}

export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('There is no picture.'))), 'image/png');
  });
}

/** Why a picture can not be put into the clipboard here; empty if it can. */
export const clipboardHindrance = (): string =>
  'clipboard' in navigator && 'write' in navigator.clipboard && typeof ClipboardItem !== 'undefined'
    ? ''
    : 'This window can not put pictures into the clipboard.';

/** To be called while a click is handled, as browsers ask. */
export const copyPicture = (canvas: HTMLCanvasElement): Promise<void> =>
  navigator.clipboard.write([new ClipboardItem({ 'image/png': pngOf(canvas) })]);
