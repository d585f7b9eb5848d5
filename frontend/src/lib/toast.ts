import type { Problem } from './lab';

/** A short message at the corner of the window. */
export interface Toast {
  id: number;
  /** Toasts of one subject replace each other. */
  subject: string;
  tone: 'done' | 'problem';
  title: string;
  detail?: string;
  problem?: Problem;
  undo?: () => void;
  /** What its button copies. */
  copied?: string;
  /** The entry among the activity that tells more. */
  entry?: number;
  /** Seconds on screen; what can be undone stays longest. */
  seconds: number;
}

/** How many are shown at once. */
export const capacity = 4;

const worth = (toast: Toast) => (toast.tone === 'problem' ? 2 : toast.undo ? 1 : 0);

/**
 * Makes room among the toasts, oldest first: what tells least goes first, and of equals the
 * older one. The newest stays, or nobody would see what they just did.
 */
export function fit(toasts: Toast[]): Toast[] {
  if (toasts.length <= capacity) return toasts;
  const older = toasts.slice(0, -1);
  const least = older.reduce((a, b) => (worth(b) < worth(a) ? b : a));
  return fit(toasts.filter((it) => it !== least));
}
