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
  /** One line each, for what befell the nodes of a bulk command. */
  lines?: string[];
  undo?: () => void;
  /** Seconds on screen; what can be undone stays longest. */
  seconds: number;
}
