import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { record, recordingHindrance } from './recorder';

/** A MediaRecorder that gives the parts it is told to. */
class FakeRecorder {
  static last: FakeRecorder;
  static isTypeSupported = (type: string) => type === 'video/webm;codecs=vp8';
  state = 'inactive';
  ondataavailable?: (event: { data: Blob }) => void;
  onerror?: () => void;
  onstop?: () => void;

  constructor(
    readonly stream: unknown,
    readonly options: { mimeType?: string },
  ) {
    FakeRecorder.last = this;
  }
  start() {
    this.state = 'recording';
  }
  stop() {
    this.state = 'inactive';
    this.onstop?.();
  }
  give(data: Blob) {
    this.ondataavailable?.({ data });
  }
}

const drawn: number[][] = [];
const screen = (width: number, height: number) => ({ width, height }) as HTMLCanvasElement;

/** The canvas the film is painted on. */
class FakeCanvas {
  static last: FakeCanvas;
  width = 0;
  height = 0;
  constructor() {
    FakeCanvas.last = this;
  }
  getContext = () => ({
    canvas: this,
    fillRect: () => undefined,
    drawImage: (_: unknown, ...box: number[]) => drawn.push(box),
  });
  captureStream(rate: number) {
    return rate;
  }
}

let films: { size: number; why: string }[];
const ended = (film: Blob, why: string) => films.push({ size: film.size, why });

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('MediaRecorder', FakeRecorder);
  vi.stubGlobal('HTMLCanvasElement', FakeCanvas);
  vi.stubGlobal('document', { createElement: () => new FakeCanvas() });
  films = [];
  drawn.length = 0;
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('says why nothing can be recorded', () => {
  expect(recordingHindrance()).toBe('');
  vi.stubGlobal('MediaRecorder', { isTypeSupported: () => false });
  expect(recordingHindrance()).toContain('encoder');
  vi.stubGlobal('MediaRecorder', undefined);
  expect(recordingHindrance()).toContain('recorder');
});

test('gives everything that was recorded, once', () => {
  const recording = record(() => screen(800, 600), ended);
  expect(FakeRecorder.last.options.mimeType).toBe('video/webm;codecs=vp8');
  FakeRecorder.last.give(new Blob(['one ']));
  FakeRecorder.last.give(new Blob(['two']));
  recording.stop();
  recording.stop();
  expect(films).toEqual([{ size: 7, why: '' }]);
  const painted = drawn.length;
  vi.advanceTimersByTime(1000);
  expect(drawn.length).toBe(painted);
});

test('keeps its size, an even one, and fits another resolution into it', () => {
  let guest = screen(801, 600);
  const recording = record(() => guest, ended);
  expect([FakeCanvas.last.width, FakeCanvas.last.height]).toEqual([802, 600]);
  guest = screen(1604, 1200);
  vi.advanceTimersByTime(100);
  expect(drawn.at(-1)).toEqual([0, 0, 802, 600]);
  guest = screen(400, 300);
  vi.advanceTimersByTime(100);
  expect(drawn.at(-1)).toEqual([201, 150, 400, 300]);
  recording.stop();
});

test('goes on while there is no picture', () => {
  const recording = record(() => undefined, ended);
  vi.advanceTimersByTime(1000);
  expect(drawn).toEqual([]);
  recording.stop();
  expect(films).toHaveLength(1);
});

test('ends by itself after its time, at its size, and when the recorder fails, and says so', () => {
  record(() => screen(8, 8), ended);
  vi.advanceTimersByTime(30 * 60_000);
  record(() => screen(8, 8), ended);
  FakeRecorder.last.give(Object.defineProperty(new Blob(), 'size', { value: 128 * 1024 * 1024 + 1 }));
  record(() => screen(8, 8), ended);
  FakeRecorder.last.onerror?.();
  expect(films.map(({ why }) => why)).toEqual([
    expect.stringContaining('30 minutes'),
    expect.stringContaining('128'),
    expect.stringContaining('failed'),
  ]);
});
