// A film of a canvas: WebCodecs encodes it (VP8), mediabunny writes the container (WebM).

import { BufferTarget, canEncodeVideo, CanvasSource, Output, Quality, WebMOutputFormat } from 'mediabunny';
import { LabError } from './problem';

const codec = 'vp8';

export interface Film {
  /** Adds the canvas as it is, at so many seconds; resolves when the next may come. */
  add(seconds: number): Promise<void>;
  /** Gives what was added. */
  end(): Promise<Blob>;
}

/** Begins a film of a canvas that keeps its size; `told` of the bytes of each of its pictures. */
export async function begin(canvas: HTMLCanvasElement, told: (bytes: number) => void): Promise<Film> {
  // WebKitGTK 2.50 readies GStreamer when it is asked this, and not in its encoder: one that is
  // used before that ends the process of the page.
  globalThis.MediaRecorder?.isTypeSupported('video/webm');
  if (!(await canEncodeVideo(codec, canvas)))
    throw new LabError({
      kind: 'unavailable',
      message: 'This window has no encoder for VP8.',
      hint: 'Install the good plugins of GStreamer (gstreamer1.0-plugins-good), and start SandBoxLabs again.',
    });
  const output = new Output({ format: new WebMOutputFormat(), target: new BufferTarget() });
  const source = new CanvasSource(canvas, {
    codec,
    quality: new Quality('medium'),
    latencyMode: 'realtime',
    onEncodedPacket: ({ byteLength }) => told(byteLength),
  });
  output.addVideoTrack(source);
  await output.start();
  return {
    add: (seconds) => source.add(seconds),
    end: async () => {
      await output.finalize();
      return new Blob(output.target.buffer ? [output.target.buffer] : [], { type: 'video/webm' });
    },
  };
}
