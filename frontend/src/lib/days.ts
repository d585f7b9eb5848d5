// A history by days.

import type { Moment } from './lab';
import { later } from './later';
import { locale } from './words';

const day = later(
  () => new Intl.DateTimeFormat(locale(), { weekday: 'long', day: 'numeric', month: 'long' }),
);
const dated = later(
  () => new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'long', year: 'numeric' }),
);
const clock = later(
  () => new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit', second: '2-digit' }),
);

export interface Day {
  title: string;
  moments: Moment[];
}

/** The moments, which come oldest first, by day; the newest day and moment first. */
export function byDay(moments: Moment[], now = Date.now()): Day[] {
  const days: Day[] = [];
  for (const moment of moments.toReversed()) {
    const title = dayOf(moment.at, now);
    if (days.at(-1)?.title !== title) days.push({ title, moments: [] });
    days.at(-1)?.moments.push(moment);
  }
  return days;
}

export const timeOf = (at: string) => clock().format(new Date(at));

function dayOf(at: string, now: number): string {
  const date = new Date(at);
  if (dated().format(date) === dated().format(now)) return 'Today';
  if (dated().format(date) === dated().format(now - 86_400_000)) return 'Yesterday';
  return date.getFullYear() === new Date(now).getFullYear() ? day().format(date) : dated().format(date);
}
