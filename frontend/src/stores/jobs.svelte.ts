import type { JobLine, JobStatus, JobVerb, Node, Problem } from '../lib/lab';
import { problemOf } from '../lib/problem';
import { Cancelled, Queue } from '../lib/queue';
import { preferences } from './preferences.svelte';

/** What befalls one node of a job. */
class Line implements JobLine {
  readonly node: Node;
  status = $state<JobStatus>('waiting');
  said = $state('');
  problem = $state.raw<Problem>();

  constructor(node: Node) {
    this.node = node;
  }
}

/** One verb on many nodes. */
export class Job {
  readonly verb: JobVerb;
  readonly lines: Line[];
  /** Takes the whole of it back; set when it is over, if that can be. */
  undo = $state.raw<() => void>();
  #abort = new AbortController();
  #over = $state(0);

  constructor(verb: JobVerb, nodes: Node[]) {
    this.verb = verb;
    this.lines = nodes.map((node) => new Line(node));
  }

  /** How many lines have come to their end. */
  get over(): number {
    return this.#over;
  }

  get isOver(): boolean {
    return this.#over === this.lines.length;
  }

  /** Lets go what has not begun; what has goes on. */
  cancel(): void {
    this.#abort.abort();
  }

  /** The nodes that came to an end such as this. */
  with(status: JobStatus): Node[] {
    return this.lines.flatMap((line) => (line.status === status ? [line.node] : []));
  }

  async run(queue: Queue, work: (node: Node) => Promise<unknown>): Promise<void> {
    await Promise.all(this.lines.map((line) => this.#one(line, queue, work)));
  }

  async #one(line: Line, queue: Queue, work: (node: Node) => Promise<unknown>): Promise<void> {
    const begin = () => {
      line.status = 'working';
      return work(line.node);
    };
    try {
      const told = await queue.add(begin, this.#abort.signal);
      if (typeof told === 'string') line.said = told;
      line.status = 'done';
    } catch (reason) {
      if (!(reason instanceof Cancelled)) line.problem = problemOf(reason);
      line.status = reason instanceof Cancelled ? 'cancelled' : 'failed';
    }
    this.#over++;
  }
}

/** The jobs that are under way, or over and not yet put away. All share what may be done at once. */
export class Jobs {
  #list = $state.raw<Job[]>([]);
  #queue: Queue;

  constructor(limit: () => number) {
    this.#queue = new Queue(limit);
  }

  get list(): Job[] {
    return this.#list;
  }

  async run(verb: JobVerb, nodes: Node[], work: (node: Node) => Promise<unknown>): Promise<Job> {
    const job = new Job(verb, nodes);
    this.#list = [...this.#list, job];
    await job.run(this.#queue, work);
    return job;
  }

  close(job: Job): void {
    job.cancel();
    this.#list = this.#list.filter((it) => it !== job);
  }
}

/** How many nodes are worked on at once, where nobody chose. */
const usual = 4;

export const jobs = new Jobs(() => Number(preferences.get('bulk.limit')) || usual);
