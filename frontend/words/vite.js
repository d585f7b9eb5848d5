// Has the page speak the language that was chosen: a look-up in the place of each text, and each
// catalogue as a module of its own, which is loaded when it is wanted.

const prefix = 'virtual:words/';

/** For vite.config. Tests have the sources as they are, in English, and the catalogues. */
export function words() {
  let read, testing;
  return {
    name: 'words',
    // It is met in no source, and would be met late: the dev page would begin anew.
    config: () => ({ optimizeDeps: { exclude: ['@wuchale/svelte'] } }),
    configResolved({ mode }) {
      testing = mode === 'test';
    },
    async buildStart() {
      if (!testing) read = await import('./read.js');
    },
    resolveId: (id) => (id.startsWith(prefix) ? `\0${id}` : undefined),
    async load(id) {
      if (!id.startsWith(`\0${prefix}`)) return undefined;
      const po = await import('./po.js');
      const language = id.slice(prefix.length + 1);
      this.addWatchFile(`${po.folder}/${language}.po`);
      return `export default ${JSON.stringify(po.catalogue(language))}`;
    },
    transform: {
      order: 'pre',
      async handler(content, id) {
        const [file] = id.split('?');
        if (testing || id !== file || !read.isSource(file)) return undefined;
        const { code, map } = await read.texts(file, content);
        return code && { code, map };
      },
    },
  };
}
