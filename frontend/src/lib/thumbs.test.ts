import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Thumbs } from './thumbs';

interface Request {
  id: string;
  at: number;
  answer: (changed: boolean) => void;
  signal: AbortSignal;
}

const clock = {
  now: () => Date.now(),
  after(ms: number, step: () => void) {
    const timer = setTimeout(step, ms);
    return () => clearTimeout(timer);
  },
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.setSystemTime(0);
});
afterEach(() => void vi.useRealTimers());

/** A queue whose requests are answered by hand, or at once with whether there is news. */
function queue(changed?: boolean) {
  const asked: Request[] = [];
  const thumbs = new Thumbs(
    (id, signal) =>
      changed === undefined
        ? new Promise((answer) => asked.push({ id, at: Date.now(), answer, signal }))
        : Promise.resolve(changed).finally(() => asked.push({ id, at: Date.now(), answer: () => 0, signal })),
    clock,
  );
  return { thumbs, asked, ids: () => asked.map(({ id }) => id).join('') };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('at once', () => {
  test('there are two requests at most, one after the other', async () => {
    const { thumbs, asked, ids } = queue();
    for (const id of 'abcd') thumbs.see(id);
    await pass(0);
    expect(ids()).toBe('a');
    await pass(1_000);
    expect(ids()).toBe('ab');
    asked[0]?.answer(true);
    await pass(200);
    expect(ids()).toBe('abc');
  });

  test('a picture that never comes is given up, and its slot is free', async () => {
    const { thumbs, asked, ids } = queue();
    for (const id of 'abc') thumbs.see(id);
    await pass(9_900);
    expect(ids()).toBe('ab');
    await pass(500);
    expect(ids().startsWith('abc')).toBe(true);
    expect(asked[0]?.signal.aborted).toBe(true);
  });
});

describe('again', () => {
  const times = async (changed: boolean, ms: number) => {
    const { thumbs, asked } = queue(changed);
    thumbs.see('a');
    await pass(ms);
    return asked.map(({ at }) => at);
  };
  test('after 5 s while there is something to see', async () =>
    expect(await times(true, 15_000)).toEqual([0, 5_000, 10_000, 15_000]));
  test('more seldom while nothing changes, up to 30 s', async () => {
    const at = await times(false, 200_000);
    const waits = at.slice(1).map((time, n) => time - (at[n] ?? 0));
    expect(waits.slice(0, 2)).toEqual([7_500, 11_250]);
    expect(waits.at(-1)).toBe(30_000);
  });
});

describe('out of sight', () => {
  test('nothing is asked for, and what is under way is broken off', async () => {
    const { thumbs, asked, ids } = queue();
    const unsee = thumbs.see('a');
    const unseen = thumbs.see('b');
    unseen();
    await pass(100);
    unsee();
    await pass(60_000);
    expect(ids()).toBe('a');
    expect(asked[0]?.signal.aborted).toBe(true);
  });

  test('who comes and goes is not asked for each time', async () => {
    const { thumbs, ids } = queue(true);
    for (let n = 0; n < 20; n++) {
      const unsee = thumbs.see('a');
      await pass(50);
      unsee();
    }
    expect(ids()).toBe('a');
  });

  test('nothing is asked for while paused', async () => {
    const { thumbs, ids } = queue(true);
    thumbs.pause(true);
    thumbs.see('a');
    await pass(60_000);
    expect(ids()).toBe('');
    thumbs.pause(false);
    await pass(0);
    expect(ids()).toBe('a');
  });

  test('a late answer of one that was given up changes nothing', async () => {
    const { thumbs, asked, ids } = queue();
    thumbs.see('a')();
    thumbs.see('a');
    await pass(10_100);
    asked[0]?.answer(true);
    await pass(0);
    expect(ids()).toBe('a');
  });
});
