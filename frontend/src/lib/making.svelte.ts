import type { Problem } from './lab';
import { inFull, LabError, problemOf } from './problem';
import { Cancelled, Queue } from './queue';

/** Several nodes that are being made, a few at once. */
export class Making {
  #queue: Queue;
  #stop = new AbortController();
  #total = $state(0);
  #done = $state(0);

  constructor(limit: () => number) {
    this.#queue = new Queue(limit);
  }

  get total(): number {
    return this.#total;
  }

  /** How many are made. */
  get done(): number {
    return this.#done;
  }

  /** Leaves out what has not begun. */
  cancel(): void {
    this.#stop.abort();
  }

  /** Gives the names that could not be made, or were left out, each with its problem. */
  async run(
    names: string[],
    make: (name: string) => Promise<unknown>,
  ): Promise<{ name: string; problem?: Problem }[]> {
    this.#stop = new AbortController();
    [this.#total, this.#done] = [names.length, 0];
    const { signal } = this.#stop;
    const outcomes = await Promise.allSettled(
      names.map((name) => this.#queue.add(() => make(name).then(() => this.#done++), signal)),
    );
    return outcomes.flatMap((it, n) =>
      it.status === 'fulfilled' ? [] : [{ name: names[n] ?? '', problem: why(it.reason) }],
    );
  }
}

const why = (reason: unknown) => (reason instanceof Cancelled ? undefined : problemOf(reason));

/** What failed, as one problem: that of one node as it is. */
export function failure(failed: { name: string; problem?: Problem }[], total: number): LabError {
  const [first] = failed;
  if (total === 1 && first?.problem) return new LabError(first.problem);
  const lines = failed.flatMap(({ name, problem }) => (problem ? [`${name}: ${inFull(problem)}`] : []));
  const left = failed.length - lines.length;
  return new LabError({
    kind: first?.problem?.kind ?? 'internal',
    message: [`Not made: ${failed.length} of ${total}.`, ...lines].join('\n'),
    hint: left ? `${left} had not begun. The names above are those that are left.` : undefined,
  });
}

/** Names as the pattern that gives them. */
export const patternOf = (names: string[]) => (names.length > 1 ? `{${names.join(',')}}` : (names[0] ?? ''));
