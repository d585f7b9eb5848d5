// Where the nodes of a list lie, known without a page: rows of a table, which are a grid of one
// lane, or cards. Sizes are in pixels from the top left of what scrolls.

import type { Section } from './arrange';

export interface Measures {
  width: number;
  /** The least width of a card; 0 for rows, which are as wide as the list. */
  least: number;
  /** The height of a node, from its width. */
  height: (width: number) => number;
  /** The height of a heading. */
  heading: number;
  gap: number;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Heading {
  title: string;
  count: number;
  y: number;
  height: number;
  /** The place of its row among all rows, headings included, from 0. */
  row: number;
}

/** Nodes side by side. */
interface Line {
  /** The place of its first node among all. */
  first: number;
  count: number;
  y: number;
  row: number;
}

/** Every node in its place. */
export class Grid {
  readonly ids: string[];
  readonly headings: Heading[] = [];
  readonly lanes: number;
  readonly width: number;
  readonly height: number;
  readonly total: number;
  readonly rows: number;
  readonly #lines: Line[] = [];
  readonly #gap: number;
  readonly #place: Map<string, number>;

  constructor(sections: Section[], measures: Measures) {
    const { gap, least } = measures;
    this.lanes = least ? Math.max(1, Math.floor((measures.width + gap) / (least + gap))) : 1;
    this.width = Math.max(0, (measures.width - gap * (this.lanes - 1)) / this.lanes);
    this.height = measures.height(this.width);
    this.ids = sections.flatMap(({ ids }) => ids);
    this.#gap = gap;
    this.#place = new Map(this.ids.map((id, n) => [id, n]));
    [this.total, this.rows] = this.#lay(sections, measures.heading);
  }

  #lay(sections: Section[], heading: number): [total: number, rows: number] {
    let [y, row, first] = [0, 0, 0];
    for (const { title, ids } of sections) {
      if (title) {
        this.headings.push({ title, count: ids.length, y, height: heading, row: row++ });
        y += heading;
      }
      for (let at = 0; at < ids.length; at += this.lanes, row++, y += this.height + this.#gap)
        this.#lines.push({ first: first + at, count: Math.min(this.lanes, ids.length - at), y, row });
      first += ids.length;
    }
    return [y, row];
  }

  /** The place of a node among all; -1 for one that is not shown. */
  place(id: string): number {
    return this.#place.get(id) ?? -1;
  }

  box(place: number): Box {
    const line = this.#lines[this.#lineOf(place)];
    const lane = place - (line?.first ?? 0);
    const x = lane * (this.width + this.#gap);
    return { x, y: line?.y ?? 0, width: this.width, height: this.height };
  }

  /** The row of a node among all rows, from 0. */
  row(place: number): number {
    return this.#lines[this.#lineOf(place)]?.row ?? 0;
  }

  /** The places of the nodes of which something lies between two heights: from one up to another. */
  between(top: number, bottom: number): [from: number, to: number] {
    const from = this.#first((line) => line.y + this.height > top);
    const to = this.#first((line) => line.y >= bottom);
    const last = this.#lines[to - 1];
    return last && to > from ? [this.#lines[from]?.first ?? 0, last.first + last.count] : [0, 0];
  }

  /** The nodes that a box touches. */
  within({ x, y, width, height }: Box): string[] {
    const [from, to] = this.between(y, y + height);
    const touched = (box: Box) => box.x < x + width && box.x + box.width > x;
    return this.ids.slice(from, to).filter((_, n) => touched(this.box(from + n)));
  }

  /** Where a key leads from a node; undefined for a key that leads nowhere. `page`: lines in sight. */
  step(place: number, key: string, page: number): number | undefined {
    const line = this.#lineOf(place);
    const down = (lines: number) => this.#under(place, line, lines);
    const last = this.ids.length - 1;
    const steps: Record<string, () => number> = {
      ArrowLeft: () => place - 1,
      ArrowRight: () => place + 1,
      ArrowUp: () => down(-1),
      ArrowDown: () => down(1),
      PageUp: () => down(-Math.max(1, page)),
      PageDown: () => down(Math.max(1, page)),
      Home: () => 0,
      End: () => last,
    };
    const to = steps[key]?.();
    return to === undefined ? undefined : Math.min(last, Math.max(0, to));
  }

  /** The node as many lines below, in the same lane if the line is long enough. */
  #under(place: number, line: number, lines: number): number {
    const at = Math.min(this.#lines.length - 1, Math.max(0, line + lines));
    const to = this.#lines[at];
    if (!to || at === line) return place;
    return to.first + Math.min(to.count - 1, place - (this.#lines[line]?.first ?? 0));
  }

  #lineOf(place: number): number {
    return Math.max(0, this.#first((line) => line.first > place) - 1);
  }

  /** The first line that is so; all after it are too. */
  #first(so: (line: Line) => boolean): number {
    let [low, high] = [0, this.#lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const line = this.#lines[middle];
      if (line && so(line)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
