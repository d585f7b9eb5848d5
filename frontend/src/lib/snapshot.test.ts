import { expect, test } from 'vitest';
import { fileName } from './snapshot';

test('a file says of what and when', () =>
  expect(fileName('web-1', 'png', new Date(2026, 10, 24, 20, 32, 1))).toBe('web-1-2026-11-24-203201.png'));
