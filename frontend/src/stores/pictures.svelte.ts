import { SvelteMap } from 'svelte/reactivity';
import { lab } from './lab.svelte';

/** Gives the canvas of an open console; undefined while it has no picture. */
export type Source = () => HTMLCanvasElement | undefined;

/** The last picture of each node's display, and where a live one is to be had. */
class Pictures {
  #sources = new SvelteMap<string, Source>();
  #last = new SvelteMap<string, string>();

  /** Tells that a console of the node is open, until what it gives is called. */
  lend(id: string, source: Source): () => void {
    this.#sources.set(id, source);
    return () => {
      if (this.#sources.get(id) === source) this.#sources.delete(id);
    };
  }

  /** The canvas of the node's open console, if one is: no other picture is to be asked for then. */
  source(id: string): Source | undefined {
    return this.#sources.get(id);
  }

  /** The address of the last picture that was seen; kept while the node is off. */
  last(id: string): string | undefined {
    return this.#last.get(id);
  }

  /** The last picture of one of the image's nodes. */
  ofImage(image: string): string | undefined {
    return lab.nodes
      .filter((node) => node.image === image)
      .map(({ id }) => this.last(id))
      .find(Boolean);
  }

  /** Keeps a picture as the last one. */
  keep(id: string, url: string): void {
    const old = this.#last.get(id);
    this.#last.set(id, url);
    if (old?.startsWith('blob:')) URL.revokeObjectURL(old);
  }

  forget(id: string): void {
    const old = this.#last.get(id);
    this.#last.delete(id);
    if (old?.startsWith('blob:')) URL.revokeObjectURL(old);
  }
}

export const pictures = new Pictures();
