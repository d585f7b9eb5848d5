// What a node's card and its row in the table are given alike.

import type { Snippet } from 'svelte';
import type { Attachment } from 'svelte/attachments';
import type { Act, Action } from './actions';
import type { Image, Node } from './lab';
import type { Rates } from './usage';

export interface NodeProps {
  node: Node;
  /** What the node stands on, if it is in the library. */
  image: Image | undefined;
  /** Why nothing can be changed now; empty if it can. */
  away: string;
  /** What was asked of it and is not answered yet. */
  asked: Action | undefined;
  now: number;
  selected: boolean;
  /** Whether Tab comes to it. */
  active: boolean;
  rates: Rates[];
  picture: string | undefined;
  watch: Attachment;
  /** Where it lies. */
  style: string;
  /** Its place among all, from 1, and how many there are. */
  place: number;
  total: number;
  /** Its row among all rows of the table, from 1. */
  row: number;
  /** The field for another name, while that is asked for. */
  rename: Snippet | undefined;
  onselect: () => void;
  onopen: () => void;
  onact: Act;
  onproblem: () => void;
}
