import { expect, test } from 'vitest';
import { fileName, lasting } from './snapshot';

test('a file says of what and when', () =>
  expect(fileName('web-1', 'png', new Date(2026, 10, 24, 20, 32, 1))).toBe('web-1-2026-11-24-203201.png'));

test('a time is minutes and seconds', () =>
  expect([0, 7_900, 751_000].map(lasting)).toEqual(['0:00', '0:07', '12:31']));
