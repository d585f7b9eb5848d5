import * as api from '../lib/api';
import { toasts } from './toasts.svelte';

/** How long one toast stands for all that goes wrong, in milliseconds. */
const patience = 30_000;
/** How many are written down in that time. */
const most = 10;

/** What goes wrong in the page itself: it is written to the program's log, and said once. */
export class Mishaps {
  #since = -Infinity;
  #count = 0;

  /** Hears of what nobody has caught. */
  watch(page: Pick<Window, 'addEventListener'>): void {
    page.addEventListener('error', ({ error, message }) => this.note(error ?? message));
    page.addEventListener('unhandledrejection', ({ reason }) => this.note(reason));
  }

  note(reason: unknown, now = performance.now()): void {
    if (!this.write(reason, now)) return;
    toasts.fail(
      'Something went wrong on this page',
      { kind: 'internal', message: describe(reason).split('\n').slice(0, 3).join('\n').slice(0, 300) },
      'mishap',
    );
  }

  /** Writes it down, and gives whether it is the first for a while. */
  write(reason: unknown, now = performance.now()): boolean {
    const fresh = now - this.#since > patience;
    if (fresh) {
      this.#since = now;
      this.#count = 0;
    }
    if (++this.#count <= most) void api.complain(describe(reason)).catch(() => undefined); // there is nobody else to tell
    return fresh;
  }
}

/** What went wrong, and where. */
export function describe(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason);
  const stack = reason.stack ?? '';
  return stack.includes(reason.message) ? stack : `${reason.name}: ${reason.message}\n${stack}`;
}

export const mishaps = new Mishaps();
