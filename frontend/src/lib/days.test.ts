import { expect, test } from 'vitest';
import { byDay } from './days';
import type { Moment } from './lab';

const now = new Date(2026, 10, 24, 12).getTime();
const at = (...[month, day, hour = 9]: number[]) =>
  ({ at: new Date(2026, (month ?? 1) - 1, day, hour).toISOString(), kind: 'started' }) as Moment;

test('the newest day and moment come first', () => {
  const moments = [at(11, 20), at(11, 23), at(11, 24, 8), at(11, 24, 11)];
  const days = byDay(moments, now);
  expect(days.map(({ title }) => title)).toEqual(['Today', 'Yesterday', 'Friday 20 November']);
  expect(days[0]?.moments).toEqual([moments[3], moments[2]]);
});

test('another year is named', () => {
  const last = { ...at(1, 1), at: new Date(2025, 11, 31, 9).toISOString() };
  expect(byDay([last], now)[0]?.title).toBe('31 December 2025');
});

test('nothing gives nothing', () => expect(byDay([], now)).toEqual([]));
