import * as api from '../lib/api';
import { fingerprint, Thumbs } from '../lib/thumbs';
import { lab } from './lab.svelte';
import { pictures, type Source } from './pictures.svelte';

/** How wide a thumbnail is asked for, in pixels. */
const width = 320;

async function fetched(id: string, signal: AbortSignal): Promise<Blob | undefined> {
  const answer = await fetch(api.pictureURL(id, width), { signal });
  return answer.headers.get('Content-Type')?.startsWith('image/') ? answer.blob() : undefined;
}

/** What an open console shows: the program is not asked for the same again. */
function drawn(source: Source): Promise<Blob | undefined> {
  const from = source();
  if (!from?.width) return Promise.resolve(undefined);
  const to = document.createElement('canvas');
  to.width = width;
  to.height = Math.round((from.height / from.width) * width);
  to.getContext('2d')?.drawImage(from, 0, 0, to.width, to.height);
  return new Promise((resolve) => to.toBlob((blob) => resolve(blob ?? undefined)));
}

const clock = {
  now: () => performance.now(),
  after(ms: number, step: () => void) {
    const timer = setTimeout(step, ms);
    return () => clearTimeout(timer);
  },
};

/** The live pictures of nodes that are in sight. */
class LivePictures {
  #thumbs = new Thumbs((id, signal) => this.#load(id, signal), clock);
  #prints = new Map<string, number>();
  #watches = new Map<string, (element: Element) => () => void>();
  #turns = new WeakMap<Element, (visible: boolean) => void>();
  #observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) this.#turns.get(target)?.(isIntersecting);
  });

  constructor() {
    const look = () => this.#thumbs.pause(document.hidden);
    document.addEventListener('visibilitychange', look);
    look();
  }

  /** For `@attach`: keeps the node's picture new while the element is in sight. One function per node. */
  watch(id: string): (element: Element) => () => void {
    const watch = this.#watches.get(id) ?? ((element) => this.#follow(id, element));
    this.#watches.set(id, watch);
    return watch;
  }

  /** Gets a picture of a node's display and keeps it if it is another than before. */
  async #load(id: string, signal: AbortSignal): Promise<boolean> {
    const source = pictures.source(id);
    const picture = source ? await drawn(source) : await fetched(id, signal);
    if (!picture || signal.aborted) return false;
    const print = fingerprint(new Uint8Array(await picture.arrayBuffer()));
    if (this.#prints.get(id) === print && pictures.last(id)) return false;
    this.#prints.set(id, print);
    pictures.keep(id, URL.createObjectURL(picture));
    return true;
  }

  #follow(id: string, element: Element): () => void {
    let unsee: (() => void) | undefined;
    const turn = (visible: boolean) => {
      if (visible === Boolean(unsee)) return;
      unsee?.();
      unsee = visible ? this.#thumbs.see(id) : undefined;
    };
    this.#turns.set(element, turn);
    this.#observer.observe(element);
    return () => {
      this.#observer.unobserve(element);
      turn(false);
      if (!lab.node(id)) this.#forget(id);
    };
  }

  #forget(id: string): void {
    this.#watches.delete(id);
    this.#prints.delete(id);
    pictures.forget(id);
  }
}

export const livePictures = new LivePictures();
