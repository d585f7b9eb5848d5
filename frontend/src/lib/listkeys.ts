// What a key asks of the list of nodes.

export type ListKey =
  'move' | 'toggle' | 'console' | 'details' | 'rename' | 'delete' | 'all' | 'none' | undefined;

interface Held {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

interface Where {
  /** Whether a node has the keyboard, rather than the screen. */
  inside: boolean;
  /** Whether a button or the like of the node has it, which knows Space and Enter itself. */
  onControl: boolean;
}

const moves = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End'];

export function listKey({ key, ctrlKey, metaKey, altKey }: Held, { inside, onControl }: Where): ListKey {
  const ctrl = ctrlKey || metaKey;
  if (ctrl && !altKey && key.toLowerCase() === 'a') return 'all';
  if (ctrl) return undefined;
  if (altKey) return key === 'Enter' && inside && !onControl ? 'details' : undefined;
  if (moves.includes(key)) return 'move';
  if (key === 'Escape') return 'none';
  if (!inside) return undefined;
  if (!onControl && key === ' ') return 'toggle';
  if (!onControl && key === 'Enter') return 'console';
  const others: Record<string, ListKey> = { F2: 'rename', Delete: 'delete', d: 'details' };
  return others[key];
}
