import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Toasts } from './toasts.svelte';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const problem = { kind: 'unavailable', message: 'the pool is full' };
const titles = (toasts: Toasts) => toasts.list.map(({ title }) => title);
const done = (toasts: Toasts, title: string, undo?: () => void) =>
  toasts.done({ title, subject: title, undo });

describe('Toasts', () => {
  test('one subject has one message', () => {
    const toasts = new Toasts();
    toasts.done({ title: 'Wiped web-1', subject: 'a' });
    toasts.fail('Could not start web-1', problem, 'a');
    expect(titles(toasts)).toEqual(['Could not start web-1']);
    expect(toasts.more).toBe(0);
  });

  test('shows four, and counts the others until none is left', () => {
    const toasts = new Toasts();
    for (let n = 1; n <= 200; n++) done(toasts, `Started ${n}`);
    expect(titles(toasts)).toEqual(['Started 197', 'Started 198', 'Started 199', 'Started 200']);
    expect(toasts.more).toBe(196);
    for (const { id } of toasts.list) toasts.dismiss(id);
    expect(toasts.more).toBe(0);
  });

  test('what failed, then what can be undone, is kept over what was only done', () => {
    const toasts = new Toasts();
    toasts.fail('Could not start', problem);
    done(toasts, 'Wiped', () => undefined);
    for (let n = 1; n <= 5; n++) done(toasts, `Started ${n}`);
    expect(titles(toasts)).toEqual(['Could not start', 'Wiped', 'Started 4', 'Started 5']);
  });

  test('the newest is always shown', () => {
    const toasts = new Toasts();
    for (let n = 1; n <= 4; n++) toasts.fail(`Could not start ${n}`, problem);
    done(toasts, 'Started');
    expect(titles(toasts).at(-1)).toBe('Started');
  });

  test('the newest can be dismissed, until none is left', () => {
    const toasts = new Toasts();
    done(toasts, 'one');
    done(toasts, 'two');
    expect(toasts.dismissNewest()).toBe(true);
    expect(titles(toasts)).toEqual(['one']);
    expect([toasts.dismissNewest(), toasts.dismissNewest()]).toEqual([true, false]);
  });

  test('reads a burst out as one sentence of each tone', () => {
    const toasts = new Toasts();
    for (let n = 1; n <= 200; n++) done(toasts, `Started ${n}`);
    toasts.fail('Could not start web-1', problem);
    expect(toasts.said).toEqual({ done: '', problem: '' });
    vi.runAllTimers();
    expect(toasts.said).toEqual({
      done: '200 messages, the last: Started 200.',
      problem: 'Could not start web-1. The pool is full.',
    });
  });

  test('reads out few sentences of a burst that lasts', () => {
    const toasts = new Toasts();
    const heard = new Set<string>();
    for (let n = 1; n <= 200; n++) {
      toasts.fail(`Could not start ${n}`, problem);
      vi.advanceTimersByTime(25);
      if (toasts.said.problem) heard.add(toasts.said.problem);
    }
    expect(heard.size).toBeLessThan(5);
  });
});
