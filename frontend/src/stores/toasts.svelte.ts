import type { Problem } from '../lib/lab';
import { sentence } from '../lib/problem';
import { fit, type Toast } from '../lib/toast';

type News = Omit<Toast, 'id' | 'seconds' | 'tone'>;
type Tone = Toast['tone'];

/** How long news are gathered before they are read out, in milliseconds; after a burst there will be more. */
const patience = { usual: 150, burst: 2_000 };

/** Short messages at the corner of the window. */
export class Toasts {
  #list = $state.raw<Toast[]>([]);
  #more = $state(0);
  #said = $state.raw<Record<Tone, string>>({ done: '', problem: '' });
  #unsaid: Toast[] = [];
  #patience = patience.usual;
  #last = 0;

  /** Those that are shown, the newest last. */
  get list(): Toast[] {
    return this.#list;
  }

  /** How many had no room beside them. */
  get more(): number {
    return this.#more;
  }

  /** What is to be read out: at leisure what was done, at once what failed. A burst is one sentence. */
  get said(): Record<Tone, string> {
    return this.#said;
  }

  done(news: News): void {
    this.#push({ ...news, tone: 'done', seconds: news.undo ? 20 : 5 });
  }

  fail(title: string, problem: Problem, subject = title, entry?: number): void {
    this.#push({ title, subject, problem, entry, tone: 'problem', seconds: 20 });
  }

  dismiss(id: number): void {
    this.#list = this.#list.filter((toast) => toast.id !== id);
    if (this.#list.length === 0) this.#more = 0;
  }

  /** Whether there was one to dismiss. */
  dismissNewest(): boolean {
    const newest = this.#list.at(-1);
    if (newest) this.dismiss(newest.id);
    return newest !== undefined;
  }

  clear(): void {
    this.#list = [];
    this.#more = 0;
  }

  #push(news: Omit<Toast, 'id'>): void {
    const toast = { ...news, id: ++this.#last };
    const all = [...this.#list.filter((other) => other.subject !== toast.subject), toast];
    this.#list = fit(all);
    this.#more += all.length - this.#list.length;
    this.#unsaid.push(toast);
    if (this.#unsaid.length === 1) setTimeout(() => this.#say(), this.#patience);
  }

  #say(): void {
    const of = (tone: Tone) => spoken(this.#unsaid.filter((toast) => toast.tone === tone));
    this.#said = { done: of('done'), problem: of('problem') };
    this.#patience = this.#unsaid.length > 1 ? patience.burst : patience.usual;
    this.#unsaid = [];
  }
}

function spoken(toasts: Toast[]): string {
  const last = toasts.at(-1);
  if (!last) return '';
  const title = sentence(last.title);
  const said = toasts.length > 1 ? `${toasts.length} messages, the last: ${title}` : title;
  return [said, last.problem && sentence(last.problem.message), last.detail].filter(Boolean).join(' ');
}

export const toasts = new Toasts();
