// Sizes and times as people read them, in the language of the page. Sizes are binary, like libvirt's.

import { later } from './later';
import { filled, locale } from './words';

const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** 0 B, 196 KiB, 3.2 MiB, 12 GiB: one decimal below ten, none above. */
export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  let value = count;
  let unit = -1;
  do {
    value /= 1024;
    unit++;
  } while (value >= 999.5 && unit < units.length - 1);
  return `${value < 9.95 ? tenths(value) : round(value)} ${units[unit]}`;
}

/** Memory: 512 MiB, 2 GiB, 1.5 GiB; what is no round number of GiB stays in MiB. */
export function memory(mebibytes: number): string {
  const gibibytes = mebibytes / 1024;
  return Number.isInteger(gibibytes * 2) && gibibytes >= 1
    ? `${Number.isInteger(gibibytes) ? round(gibibytes) : tenths(gibibytes)} GiB`
    : `${round(mebibytes)} MiB`;
}

const numbers = (digits: number, useGrouping = false) =>
  later(
    () =>
      new Intl.NumberFormat(locale(), {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
        useGrouping,
      }),
  );
const whole = numbers(0);
const tenth = numbers(1);
const grouped = numbers(0, true);
const round = (value: number) => whole().format(value);
const tenths = (value: number) => tenth().format(value);

/** 4,096: a number that may be large. */
export const count = (n: number) => grouped().format(n);

const clock = later(() => new Intl.DateTimeFormat(locale(), { hour: '2-digit', minute: '2-digit' }));
const day = later(() => new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short' }));
const full = later(() => new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'medium' }));
const both = later(
  () =>
    new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
);

/** 14:03 today, 21 Nov 14:03 on another day. */
export function moment(at: string, now = Date.now()): string {
  const date = new Date(at);
  const today = day().format(date) === day().format(now);
  return today ? clock().format(date) : both().format(date).replace(', ', ' ');
}

/** 21 Nov 2026, 14:03:07. */
export function timestamp(at: string): string {
  return full().format(new Date(at));
}

/** under a minute, 12 min, 3 h, 5 d: how long ago `at` was. */
export function since(at: string, now = Date.now()): string {
  const minutes = Math.floor((now - Date.parse(at)) / 60_000);
  if (minutes < 1) return 'under a minute';
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`;
  return `${Math.floor(minutes / (24 * 60))} d`;
}

/** 2 vCPUs, 512 MiB. */
export function hardware({ vcpus, memoryMiB }: { vcpus: number; memoryMiB: number }): string {
  return `${plural(vcpus, ['# vCPU', '# vCPUs'])}, ${memory(memoryMiB)}`;
}

const rules = later(() => new Intl.PluralRules(locale()));
// In the order of gettext's forms.
const categories = later(() => {
  const own = rules().resolvedOptions().pluralCategories;
  return (['zero', 'one', 'two', 'few', 'many', 'other'] as const).filter((it) => own.includes(it));
});

/**
 * The form of a text that is for a number, which stands in place of its `#`; places are filled as
 * those of any text. In a call the forms are written out, so that they are found: ['# node', '# nodes'].
 */
export function plural(n: number, forms: string[], ...places: unknown[]): string {
  const form = forms[categories().indexOf(rules().select(n))] ?? forms.at(-1) ?? '';
  return filled(form.replace('#', count(n)), places);
}

/** 40 ms, 3.2 s, 2 min 5 s: how long something took. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${tenths(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.floor((ms % 60_000) / 1000)} s`;
}

/** 0:07, 12:40, 125:00: minutes and seconds that pass while one looks. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** 196 KiB, saves 412 MiB: what a node has written, and what a full copy of its base would take. */
export function diskUse(written: number, base: number | undefined): string {
  return base ? `${bytes(written)}, saves ${bytes(base)}` : bytes(written);
}
