// Errors: one form for everything that can go wrong, whichever way it came.

import type { Problem } from './lab';
import { told } from './told';

/** A Problem that can be thrown. `message` names the cause, `hint` the remedy. */
export class LabError extends Error implements Problem {
  readonly kind: string;
  readonly hint?: string;

  constructor(problem: Problem) {
    super(problem.message);
    this.kind = problem.kind;
    this.hint = problem.hint;
  }
}

/** Turns whatever a call rejected with into a Problem: the program sends one as a JSON string. */
export function problemOf(reason: unknown): Problem {
  if (reason instanceof LabError) return reason;
  const text = reason instanceof Error ? reason.message : String(reason);
  return parse(text) ?? { kind: 'internal', message: text };
}

function parse(text: string): Problem | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value = JSON.parse(text) as Partial<Problem>;
    return typeof value.message === 'string'
      ? { kind: 'internal', ...value, message: value.message }
      : undefined;
  } catch {
    return undefined; // a sentence that happens to begin with a brace
  }
}

const opener =
  /^(a|an|another|can not|consoles|could not|image(?= \S+ is)|it|no|not|nothing|the|there|this|your)\b/;

/**
 * A message as a sentence, in the language of the page: the program writes it to stand behind its name and a colon.
 * What begins with a name keeps it as it is.
 */
export function sentence(message: string): string {
  const begun = told(message).replace(opener, (word) => word.charAt(0).toUpperCase() + word.slice(1));
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** The Problem in one line: what happened, and what to do about it. */
export const inFull = ({ message, hint }: Problem) => `${sentence(message)} ${told(hint)}`.trim();

/** The Problem as text for the clipboard. */
export function problemText(problem: Problem): string {
  return [`${problem.kind}: ${problem.message}`, problem.hint].filter(Boolean).join('\n');
}
