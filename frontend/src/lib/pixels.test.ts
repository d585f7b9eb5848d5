import { afterEach, expect, test, vi } from 'vitest';
import { pixelRatio, setZoom } from './pixels';

const resized = vi.fn();
vi.stubGlobal('devicePixelRatio', 2);
vi.stubGlobal('dispatchEvent', resized);
afterEach(() => setZoom(1));

test('the size of text counts, and its change is told', () => {
  expect(pixelRatio()).toBe(2);
  setZoom(1.25);
  expect(pixelRatio()).toBe(2.5);
  setZoom(1.25);
  expect(resized).toHaveBeenCalledTimes(1);
});

test.each([0, -1, NaN])('%s is no size', (zoom) => {
  setZoom(zoom);
  expect(pixelRatio()).toBe(2);
});
