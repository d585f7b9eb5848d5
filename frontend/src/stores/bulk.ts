// One verb on many nodes: a job tells of each while it lasts, a message of the whole when it is over.

import { bytes, plural } from '../lib/format';
import type { JobStatus, JobVerb, Node } from '../lib/lab';
import { activity, type Told } from './activity.svelte';
import { jobs, type Job } from './jobs.svelte';
import { toasts } from './toasts.svelte';
import { verbs } from './verbs';

interface Words {
  now: string;
  past: string;
  back?: JobVerb;
}

const words: Record<JobVerb, Words> = {
  start: { now: 'Start', past: 'Started' },
  stop: { now: 'Stop', past: 'Stopped' },
  wipe: { now: 'Wipe', past: 'Wiped', back: 'undo' },
  delete: { now: 'Delete', past: 'Deleted', back: 'restore' },
  undo: { now: 'Undo the wipe of', past: 'Undid the wipe of' },
  restore: { now: 'Restore', past: 'Restored' },
};

/** Asks one verb of many nodes, a few at a time, and tells what befell each. */
export async function bulk(verb: JobVerb, nodes: Node[]): Promise<void> {
  const command = verbs[verb];
  if (!command || nodes.length === 0) return;
  const title = `${words[verb].now} ${plural(nodes.length, 'node')}`;
  const work = () => jobs.run(verb, nodes, command.work);
  const job = await activity.track(title, work, outcome);
  const { past, back } = words[verb];
  const done = job.with('done');
  const undo = back && done.length ? () => void bulk(back, done) : undefined;
  job.undo = undo;
  if (done.length < job.lines.length) return; // its lines stay until they were read
  jobs.close(job);
  toasts.done({
    subject: 'bulk',
    title: `${past} ${plural(done.length, 'node')}`,
    detail: verb === 'wipe' ? `${bytes(sum(done))} discarded.` : undefined,
    undo,
  });
}

const sum = (nodes: Node[]) => nodes.reduce((all, node) => all + node.overlay.bytes, 0);

const worst: JobStatus[] = ['failed', 'cancelled', 'done'];

function outcome(job: Job): Told {
  const [failed = 0, cancelled = 0, done = 0] = worst.map((status) => job.with(status).length);
  const all = job.lines.length;
  return {
    outcome: failed ? 'failed' : cancelled ? 'cancelled' : 'done',
    detail: done < all ? `${done} of ${all} done${cancelled ? `, ${cancelled} cancelled` : ''}.` : undefined,
    lines: job.lines.toSorted((a, b) => worst.indexOf(a.status) - worst.indexOf(b.status)),
  };
}
