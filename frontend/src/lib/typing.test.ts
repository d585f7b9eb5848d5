import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { plan } from './layouts';
import { type, typingFault } from './typing';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what can not be typed is said before', () => {
  expect(typingFault('ab', 'en-us')).toBe('');
  expect(typingFault('aéß€', 'en-us')).toBe('3 characters can not be typed on layout en-us: é, ß, €.');
  expect(typingFault('\u0007', 'en-us')).toBe('1 character can not be typed on layout en-us: U+0007.');
  expect(typingFault('a', 'ja')).toBe('No text can be typed on layout ja yet.');
  expect(typingFault('x'.repeat(5_000_000), 'en-us')).toBe(
    'The text has 5,000,000 characters. At most 20,000 can be typed.',
  );
});

test('keys go down and up in order, and no stroke overtakes another', async () => {
  const sent: string[] = [];
  const told: number[] = [];
  const all = type(
    plan('aBC', 'en-us').strokes,
    ({ code }, down) => sent.push(`${down ? '+' : '-'}${code}`),
    20,
    () => false,
    (done) => told.push(done),
  );
  await vi.runAllTimersAsync();
  await all;
  expect(sent.join(' ')).toBe('+KeyA -KeyA +ShiftLeft +KeyB -KeyB +KeyC -KeyC -ShiftLeft');
  expect(told).toEqual([1, 2, 3]);
});

test('it stops between two strokes', async () => {
  let done = 0;
  const all = type(
    plan('x'.repeat(100), 'en-us').strokes,
    () => undefined,
    20,
    () => done === 3,
    (n) => (done = n),
  );
  await vi.runAllTimersAsync();
  await all;
  expect(done).toBe(3);
});
