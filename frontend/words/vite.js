// Has the page speak the language that was chosen: a look-up in the place of each text, and each
// catalogue as a module of its own, which is loaded when it is wanted.

const prefix = 'virtual:words/';

/** For vite.config: nothing of it in tests, which read English. */
export function words() {
  let read, po;
  return {
    name: 'words',
    apply: (_, { mode }) => mode !== 'test',
    async buildStart() {
      // Here, so that tests of the page need none of what they import.
      read = await import('./read.js');
      po = await import('./po.js');
    },
    resolveId: (id) => (id.startsWith(prefix) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${prefix}`)) return undefined;
      const language = id.slice(prefix.length + 1);
      this.addWatchFile(`${po.folder}/${language}.po`);
      return `export default ${JSON.stringify(po.catalogue(language))}`;
    },
    transform: {
      order: 'pre',
      async handler(content, id) {
        const [file] = id.split('?');
        if (id !== file || !read.isSource(file)) return undefined;
        const { code, map } = await read.texts(file, content);
        return code && { code, map };
      },
    },
  };
}
