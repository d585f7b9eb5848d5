import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { record, recordingHindrance } from './recorder';

const film = vi.hoisted(() => ({
  added: [] as number[],
  bytes: 10,
  begin: undefined as (() => void) | undefined,
  add: undefined as (() => void) | undefined,
}));

vi.mock('./film', () => ({
  begin: async (_: unknown, told: (bytes: number) => void) => {
    film.begin?.();
    return {
      add: async (seconds: number) => {
        film.add?.();
        film.added.push(seconds);
        told(film.bytes);
      },
      end: async () => new Blob(film.added.map(() => 'x')),
    };
  },
}));

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
}

let films: { size: number; why: string }[];
const ended = (film: Blob, why: string) => films.push({ size: film.size, why });
const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('document', { createElement: () => new FakeCanvas() });
  Object.assign(film, { added: [], bytes: 10, begin: undefined, add: undefined });
  films = [];
  drawn.length = 0;
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

test('says why nothing can be recorded', () => {
  vi.stubGlobal('VideoEncoder', vi.fn());
  expect(recordingHindrance()).toBe('');
  vi.stubGlobal('VideoEncoder', undefined);
  expect(recordingHindrance()).toContain('encoder');
});

test('films some 15 pictures a second until it is told to stop, and gives the film once', async () => {
  const recording = record(() => screen(800, 600), ended);
  await pass(1000);
  recording.stop();
  recording.stop();
  await pass(0);
  expect(film.added.length).toBeGreaterThan(12);
  expect(film.added.length).toBeLessThan(18);
  expect(film.added).toEqual(film.added.toSorted((a, b) => a - b));
  expect(films).toEqual([{ size: film.added.length, why: '' }]);
  const painted = drawn.length;
  await pass(1000);
  expect(drawn.length).toBe(painted);
});

test('keeps its size, an even one, and fits another resolution into it', async () => {
  let guest = screen(801, 600);
  const recording = record(() => guest, ended);
  expect([FakeCanvas.last.width, FakeCanvas.last.height]).toEqual([802, 600]);
  guest = screen(1604, 1200);
  await pass(100);
  expect(drawn.at(-1)).toEqual([0, 0, 802, 600]);
  guest = screen(400, 300);
  await pass(100);
  expect(drawn.at(-1)).toEqual([201, 150, 400, 300]);
  recording.stop();
});

test('goes on while there is no picture', async () => {
  const recording = record(() => undefined, ended);
  await pass(1000);
  expect(drawn).toEqual([]);
  recording.stop();
  await pass(100);
  expect(films).toHaveLength(1);
});

test('ends by itself after its time, and says so', async () => {
  record(() => screen(8, 8), ended);
  await pass(30 * 60_000 + 100);
  expect(films).toEqual([{ size: film.added.length, why: expect.stringContaining('30 minutes') as string }]);
});

test('ends by itself at its size, and says so', async () => {
  film.bytes = 64 * 1024 * 1024;
  record(() => screen(8, 8), ended);
  await pass(1000);
  expect(films).toEqual([{ size: 3, why: expect.stringContaining('128') as string }]);
});

test('keeps what was filmed when the encoder fails, and says why it ended', async () => {
  record(() => screen(8, 8), ended);
  await pass(500);
  film.add = () => {
    throw new Error('the encoder is gone');
  };
  await pass(200);
  expect(films).toEqual([{ size: film.added.length, why: 'The encoder is gone.' }]);
  expect(film.added.length).toBeGreaterThan(3);
});

test('gives nothing, and says why, where it can not begin', async () => {
  film.begin = () => {
    throw new Error('there is no encoder');
  };
  record(() => screen(8, 8), ended);
  await pass(100);
  expect(films).toEqual([{ size: 0, why: 'There is no encoder.' }]);
});
