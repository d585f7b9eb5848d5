// What a node's card and its row in the table are given alike.

import type { Snippet } from 'svelte';
import type { Attachment } from 'svelte/attachments';
import type { HTMLAttributes } from 'svelte/elements';
import type { Image, Node } from './lab';
import type { Rates } from './usage';

export interface NodeProps {
  node: Node;
  /** What the node stands on, if it is in the library. */
  image: Image | undefined;
  now: number;
  selected: boolean;
  rates: Rates[];
  picture: string | undefined;
  watch: Attachment;
  /** What its element has, whichever it is: where it lies, whether Tab comes to it, and its marks. */
  head: HTMLAttributes<HTMLElement>;
  /** Its place among all, from 1, and how many there are. */
  place: number;
  total: number;
  /** Its row among all rows of the table, from 1. */
  row: number;
  /** The box that selects it. */
  pick: Snippet;
  /** Its name, or the field for another while that is asked for. */
  name: Snippet;
  /** Its problem, or these facts. */
  story: Snippet<[facts: string[]]>;
  tools: Snippet;
}
