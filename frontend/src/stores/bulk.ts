// One verb on many nodes: a job tells of each while it lasts, a message of the whole when it is over.

import { bytes, plural } from '../lib/format';
import type { JobStatus, JobVerb, Node } from '../lib/lab';
import * as titles from '../lib/titles';
import { activity, type Told } from './activity.svelte';
import { jobs, type Job } from './jobs.svelte';
import { toasts } from './toasts.svelte';
import { verbs } from './verbs';

/** What takes a verb back. */
const backs: Partial<Record<JobVerb, JobVerb>> = { wipe: 'undo', delete: 'restore' };

const number = (nodes: Node[]) => plural(nodes.length, ['# node', '# nodes']);

/** Asks one verb of many nodes, a few at a time, and tells what befell each. */
export async function bulk(verb: JobVerb, nodes: Node[]): Promise<void> {
  const command = verbs[verb];
  if (!command || nodes.length === 0) return;
  const title = titles.asked[verb](number(nodes));
  const work = () => jobs.run(verb, nodes, command.work);
  const job = await activity.track(title, work, outcome);
  const back = backs[verb];
  const done = job.with('done');
  const undo = back && done.length ? () => void bulk(back, done) : undefined;
  job.undo = undo;
  if (done.length < job.lines.length) return; // its lines stay until they were read
  jobs.close(job);
  toasts.done({
    subject: 'bulk',
    title: titles.done[verb](number(done)),
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
    detail:
      done === all
        ? undefined
        : cancelled
          ? `${done} of ${all} done, ${cancelled} cancelled.`
          : `${done} of ${all} done.`,
    lines: job.lines.toSorted((a, b) => worst.indexOf(a.status) - worst.indexOf(b.status)),
  };
}
