// What is said to who does not see it.

/** The words of both regions; Live.svelte shows them to screen readers alone. */
export const said = $state({ polite: '', assertive: '' });

/**
 * Says what changed: when the reader is next at rest, or at once if it can not wait.
 * The same words again are a change too: a space that is not heard tells them apart.
 */
export function announce(text: string, urgency: 'polite' | 'assertive' = 'polite'): void {
  said[urgency] = said[urgency] === text ? `${text}\u00a0` : text;
}
