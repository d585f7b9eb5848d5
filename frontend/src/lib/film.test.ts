import { afterEach, expect, test, vi } from 'vitest';
import { begin } from './film';
import type { LabError } from './problem';

const asked = vi.hoisted(() => [] as string[]);

vi.mock('mediabunny', () => ({
  canEncodeVideo: async (codec: string) => void asked.push(codec),
}));

afterEach(() => vi.unstubAllGlobals());

test('readies what encodes before it asks of it, and says what is missing', async () => {
  vi.stubGlobal('MediaRecorder', { isTypeSupported: (type: string) => asked.push(type) > 0 });
  const refused = (await begin({} as HTMLCanvasElement, () => undefined).catch((it) => it)) as LabError;
  expect(asked).toEqual(['video/webm', 'vp8']);
  expect(refused.message).toContain('VP8');
  expect(refused.hint).toContain('gstreamer1.0-plugins-good');
});
