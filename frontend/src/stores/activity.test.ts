import { describe, expect, test } from 'vitest';
import { LabError } from '../lib/problem';
import { Activity } from './activity.svelte';

const never = () => new Promise<void>(() => undefined);
const full = new LabError({ kind: 'unavailable', message: 'the pool is full', hint: 'Free some space.' });
const fail = (activity: Activity, title: string) =>
  activity.track(title, () => Promise.reject(full)).catch(() => undefined);
const titles = (activity: Activity) => activity.list.map(({ title }) => title);

describe('Activity', () => {
  test('tells what runs, then how long it took and what came of it', async () => {
    const activity = new Activity();
    let end: (bytes: number) => void = () => undefined;
    const work = () => new Promise<number>((resolve) => (end = resolve));
    const wipe = activity.track('Wipe web-1', work, (bytes) => ({ detail: `${bytes} B discarded` }));
    expect([activity.list[0]?.outcome, activity.working]).toEqual(['working', 1]);
    end(7);
    expect(await wipe).toBe(7);
    expect(activity.list[0]).toMatchObject({ outcome: 'done', detail: '7 B discarded' });
    expect(activity.list[0]?.took).toBeGreaterThanOrEqual(0);
    expect(activity.working).toBe(0);
  });

  test('keeps an error in full and passes it on', async () => {
    const activity = new Activity();
    await expect(activity.track('Start web-1', () => Promise.reject(full))).rejects.toBe(full);
    expect(activity.list[0]).toMatchObject({
      outcome: 'failed',
      problem: { message: 'the pool is full', hint: 'Free some space.' },
    });
  });

  test('the newest comes first, and knows its number', async () => {
    const activity = new Activity();
    await activity.track('one', () => Promise.resolve());
    const number = await activity.track('two', (entry) => Promise.resolve(entry));
    expect(titles(activity)).toEqual(['two', 'one']);
    expect(activity.list[0]?.id).toBe(number);
  });

  test('failures count until they are looked at', async () => {
    const activity = new Activity();
    await fail(activity, 'one');
    await fail(activity, 'two');
    expect(activity.unseen).toBe(2);
    activity.see();
    expect(activity.unseen).toBe(0);
    await fail(activity, 'three');
    expect(activity.unseen).toBe(1);
  });

  test('keeps 200 of what is over, and all that runs', async () => {
    const activity = new Activity();
    void activity.track('long', never);
    for (let n = 1; n <= 201; n++) await activity.track(`short ${n}`, () => Promise.resolve());
    expect(activity.list).toHaveLength(201);
    expect(titles(activity)).toContain('long');
    expect(titles(activity)).not.toContain('short 1');
  });

  test('clear leaves what runs', async () => {
    const activity = new Activity();
    void activity.track('long', never);
    await fail(activity, 'short');
    activity.clear();
    expect(titles(activity)).toEqual(['long']);
  });
});
