/** What is made when it is first asked for: Intl's own read tables of the language, which is not to wait before the first paint. */
export function later<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
