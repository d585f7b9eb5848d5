// Work that is put off so that a person sees something before it.

/** Waits until what there is now is painted, or for as long as that takes at most: what is hidden is not. */
export const painted = () =>
  new Promise<void>((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, 100);
  });
