// Records a console to a film. It is painted onto a canvas of its own, so that neither another
// resolution of the guest nor another connection ends it.

import { bytes } from './format';

const rate = 15;
const longestMinutes = 30;
/** It is kept in one piece, through the program where there is a window. */
const largest = 128 * 1024 * 1024;
const bitsPerSecond = 1_000_000;

const types = ['video/webm;codecs=vp9', 'video/webm;codecs=vp8', 'video/webm'];

/** Why nothing can be recorded here; empty if it can. */
export function recordingHindrance(): string {
  if (typeof MediaRecorder === 'undefined') return 'This window has no recorder for films.';
  if (!('captureStream' in HTMLCanvasElement.prototype)) return 'This window can not film a picture.';
  return typeOf() ? '' : 'This window has no encoder for WebM.';
}

const typeOf = () => types.find((type) => MediaRecorder.isTypeSupported(type));

export interface Recording {
  /** Ends it; what was recorded is given to `ended`. */
  stop(): void;
}

/** Why it ended, as a sentence; empty if it was told to. */
type Ended = (film: Blob, why: string) => void;

export function record(source: () => HTMLCanvasElement | undefined, ended: Ended): Recording {
  const film = document.createElement('canvas');
  const first = source();
  film.width = even(first?.width ?? 1024);
  film.height = even(first?.height ?? 768);
  const context = film.getContext('2d');
  const recorder = new MediaRecorder(film.captureStream(rate), {
    mimeType: typeOf(),
    videoBitsPerSecond: bitsPerSecond,
  });
  const parts: Blob[] = [];
  let size = 0;
  let why = '';
  const painting = setInterval(() => paint(context, source()), 1000 / rate);
  const limit = setTimeout(
    () => stop(`It stopped after ${longestMinutes} minutes.`),
    longestMinutes * 60_000,
  );

  function stop(reason = ''): void {
    if (recorder.state === 'inactive') return;
    why = reason;
    recorder.stop();
  }
  recorder.ondataavailable = ({ data }) => {
    parts.push(data);
    size += data.size;
    if (size > largest) stop(`It stopped at ${bytes(largest)}.`);
  };
  recorder.onerror = () => stop('The recorder failed.');
  recorder.onstop = () => {
    clearInterval(painting);
    clearTimeout(limit);
    ended(new Blob(parts, { type: 'video/webm' }), why);
  };
  paint(context, first);
  recorder.start(1000);
  return { stop: () => stop() };
}

/** Encoders want an even number of pixels. */
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
