import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Cancelled, Queue, within } from './queue';

/** Work that ends when told to. */
function held() {
  let end: () => void = () => undefined;
  let fail: (reason: Error) => void = () => undefined;
  const work = vi.fn(
    () =>
      new Promise<void>((resolve, reject) => {
        end = resolve;
        fail = reject;
      }),
  );
  return { work, end: () => end(), fail: (reason: Error) => fail(reason) };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));
const begun = (all: ReturnType<typeof held>[]) => all.map(({ work }) => work.mock.calls.length);

describe('Queue', () => {
  test('begins no more at once than its limit', async () => {
    const queue = new Queue(() => 2);
    const all = [held(), held(), held()];
    all.forEach(({ work }) => void queue.add(work));
    expect(begun(all)).toEqual([1, 1, 0]);
    all[1]?.end();
    await turn();
    expect(begun(all)).toEqual([1, 1, 1]);
  });

  test('a failure is told to who asked, and frees its place', async () => {
    const queue = new Queue(() => 1);
    const [bad, good] = [held(), held()] as const;
    const outcome = queue.add(bad.work);
    void queue.add(good.work);
    bad.fail(new Error('full'));
    await expect(outcome).rejects.toThrow('full');
    await turn();
    expect(good.work).toHaveBeenCalledOnce();
  });

  test('what is cancelled never begins, what is under way goes on', async () => {
    const queue = new Queue(() => 1);
    const [first, second, other] = [held(), held(), held()] as const;
    const abort = new AbortController();
    const one = queue.add(first.work, abort.signal);
    const two = queue.add(second.work, abort.signal);
    const three = queue.add(other.work);
    abort.abort();
    await expect(two).rejects.toBeInstanceOf(Cancelled);
    first.end();
    await expect(one).resolves.toBeUndefined();
    await turn();
    expect(second.work).not.toHaveBeenCalled();
    expect(other.work).toHaveBeenCalledOnce();
    other.end();
    await three;
  });

  test('work that is given after the cancel is refused too', async () => {
    const { work } = held();
    await expect(new Queue(() => 1).add(work, AbortSignal.abort())).rejects.toBeInstanceOf(Cancelled);
    expect(work).not.toHaveBeenCalled();
  });

  test('takes its limit anew for each, and never none', async () => {
    let limit = 0;
    const queue = new Queue(() => limit);
    const all = [held(), held(), held()];
    all.forEach(({ work }) => void queue.add(work));
    expect(begun(all)).toEqual([1, 0, 0]);
    limit = 2;
    all[0]?.end();
    await turn();
    expect(begun(all)).toEqual([1, 1, 1]);
  });
});

describe('within', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const late = () => ({ kind: 'unavailable', message: 'it takes too long' });

  test('gives what comes in time', async () => {
    await expect(within(Promise.resolve(7), 10, late)).resolves.toBe(7);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('throws when it does not come', async () => {
    const outcome = within(new Promise(() => undefined), 10, late);
    void vi.advanceTimersByTimeAsync(10);
    await expect(outcome).rejects.toThrow('it takes too long');
  });
});
