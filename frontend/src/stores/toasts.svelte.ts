import type { Problem } from '../lib/lab';
import type { Toast } from '../lib/toast';

type News = Omit<Toast, 'id' | 'seconds' | 'tone'>;

/** Short messages at the corner of the window. */
class Toasts {
  #list = $state.raw<Toast[]>([]);
  #last = 0;

  get list(): Toast[] {
    return this.#list;
  }

  done(news: News): void {
    this.#push({ ...news, tone: 'done', seconds: news.undo ? 20 : 5 });
  }

  fail(title: string, problem: Problem, subject = title): void {
    this.#push({ title, subject, problem, tone: 'problem', seconds: 20 });
  }

  /** A result with failures in it. */
  mixed(news: News): void {
    this.#push({ ...news, tone: 'problem', seconds: 20 });
  }

  dismiss(id: number): void {
    this.#list = this.#list.filter((toast) => toast.id !== id);
  }

  #push(toast: Omit<Toast, 'id'>): void {
    const others = this.#list.filter((other) => other.subject !== toast.subject);
    this.#list = [...others, { ...toast, id: ++this.#last }].slice(-4);
  }
}

export const toasts = new Toasts();
