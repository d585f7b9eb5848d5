// Records a console to a film. It is painted onto a canvas of its own, so that neither another
// resolution of the guest nor another connection ends it.

import { bytes } from './format';
import { inFull, problemOf } from './problem';

const rate = 15;
const longestMinutes = 30;
/** It is kept in one piece, through the program where there is a window. */
const largest = 128 * 1024 * 1024;

/** Why nothing can be recorded here; empty if it can. */
export function recordingHindrance(): string {
  return typeof VideoEncoder === 'undefined' ? 'This window has no encoder for films.' : '';
}

export interface Recording {
  /** Ends it; what was recorded is given to `ended`. */
  stop(): void;
}

/** Why it ended, as a sentence; empty if it was told to. A film of nothing has no bytes. */
type Ended = (film: Blob, why: string) => void;

export function record(source: () => HTMLCanvasElement | undefined, ended: Ended): Recording {
  const canvas = canvasFor(source());
  const context = canvas.getContext('2d');
  let end: () => void = () => undefined;
  const over = new Promise<boolean>((resolve) => (end = () => resolve(true)));
  let why = '';
  let size = 0;
  const stop = (reason = '') => {
    why ||= reason;
    end();
  };
  const limit = setTimeout(
    () => stop(`It stopped after ${longestMinutes} minutes.`),
    longestMinutes * 60_000,
  );
  const told = (more: number) => void ((size += more) > largest && stop(`It stopped at ${bytes(largest)}.`));
  void filmed(canvas, () => paint(context, source()), over, told, stop)
    .catch((reason: unknown) => {
      stop(inFull(problemOf(reason)));
      return new Blob();
    })
    .then((film) => {
      clearTimeout(limit);
      ended(film, why);
    });
  return { stop: () => stop() };
}

/** Films until it is over. What an encoder that fails has given by then is kept. */
async function filmed(
  canvas: HTMLCanvasElement,
  paint: () => void,
  over: Promise<boolean>,
  told: (bytes: number) => void,
  stop: (why: string) => void,
): Promise<Blob> {
  const { begin } = await import('./film');
  const film = await begin(canvas, told);
  const from = performance.now();
  let isOver = false;
  while (!isOver) {
    paint();
    await film
      .add((performance.now() - from) / 1000)
      .catch((reason: unknown) => stop(inFull(problemOf(reason))));
    isOver = await Promise.race([over, pause(1000 / rate)]);
  }
  return film.end();
}

const pause = (milliseconds: number) =>
  new Promise<boolean>((resolve) => setTimeout(() => resolve(false), milliseconds));

/** As large as the first picture. Encoders want an even number of pixels. */
function canvasFor(first?: HTMLCanvasElement): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = even(first?.width ?? 1024);
  canvas.height = even(first?.height ?? 768);
  return canvas;
}

const even = (length: number) => length + (length % 2);

function paint(context: CanvasRenderingContext2D | null, source?: HTMLCanvasElement): void {
  if (!context || !source?.width || !source.height) return;
  const { width, height } = context.canvas;
  const scale = Math.min(width / source.width, height / source.height, 1);
  const [w, h] = [source.width * scale, source.height * scale];
  context.fillStyle = '#000';
  context.fillRect(0, 0, width, height);
  context.drawImage(source, (width - w) / 2, (height - h) / 2, w, h);
}
