import { describe, expect, test } from 'vitest';
import type { Node } from '../lib/lab';
import { LabError } from '../lib/problem';
import { Jobs } from './jobs.svelte';

const nodes = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: `id-${n}`, name: `web-${n}` }) as Node);

/** Work that ends, node by node, when told to. */
function bench() {
  const ends = new Map<string, (problem?: Error) => void>();
  const work = ({ name }: Node) =>
    new Promise<void>((resolve, reject) => {
      ends.set(name, (problem) => (problem ? reject(problem) : resolve()));
    });
  const end = async (name: string, problem?: Error) => {
    ends.get(name)?.(problem);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { work, end };
}

const statuses = (jobs: Jobs, at = 0) => jobs.list[at]?.lines.map(({ status }) => status);
const full = new LabError({ kind: 'unavailable', message: 'the pool is full' });

describe('Jobs', () => {
  test('works on a few at once and tells of each', async () => {
    const jobs = new Jobs(() => 2);
    const { work, end } = bench();
    const over = jobs.run('wipe', nodes(3), work);
    expect(statuses(jobs)).toEqual(['working', 'working', 'waiting']);
    await end('web-0', full);
    expect(statuses(jobs)).toEqual(['failed', 'working', 'working']);
    expect(jobs.list[0]?.lines[0]?.problem?.message).toBe('the pool is full');
    expect([jobs.list[0]?.over, jobs.list[0]?.isOver]).toEqual([1, false]);
    await end('web-1');
    await end('web-2');
    const job = await over;
    expect(job.isOver).toBe(true);
    expect(job.with('done').map(({ name }) => name)).toEqual(['web-1', 'web-2']);
  });

  test('cancel lets go what has not begun, and what has goes on', async () => {
    const jobs = new Jobs(() => 1);
    const { work, end } = bench();
    const over = jobs.run('start', nodes(3), work);
    jobs.list[0]?.cancel();
    await end('none');
    expect(statuses(jobs)).toEqual(['working', 'cancelled', 'cancelled']);
    await end('web-0');
    await over;
    expect(statuses(jobs)).toEqual(['done', 'cancelled', 'cancelled']);
  });

  test('two jobs share what may be done at once', async () => {
    const jobs = new Jobs(() => 1);
    const { work, end } = bench();
    void jobs.run('start', nodes(1), work);
    void jobs.run('stop', nodes(1), work);
    expect([statuses(jobs, 0), statuses(jobs, 1)]).toEqual([['working'], ['waiting']]);
    await end('web-0');
    expect([statuses(jobs, 0), statuses(jobs, 1)]).toEqual([['done'], ['working']]);
  });

  test('closing puts a job away', () => {
    const jobs = new Jobs(() => 1);
    void jobs.run('start', nodes(2), bench().work);
    if (jobs.list[0]) jobs.close(jobs.list[0]);
    expect(jobs.list).toEqual([]);
  });
});
