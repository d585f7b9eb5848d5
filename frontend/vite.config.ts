import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import type { Plugin } from 'vite';
import { words } from './words/vite.js';

/** A backend that lives in the page, for `npm run dev` alone: a build never has it. */
const fakeBackend: Plugin = {
  name: 'fake-backend',
  apply: 'serve',
  transformIndexHtml: () => [
    { tag: 'script', attrs: { type: 'module', src: '/dev/backend.ts' }, injectTo: 'head-prepend' },
  ],
};

export default defineConfig({
  plugins: [words(), svelte(), fakeBackend],
  // Loaded late: found only then, they would have the dev page begin anew.
  optimizeDeps: {
    include: [
      '@novnc/novnc',
      'guacamole-common-js',
      '@xterm/xterm',
      '@xterm/addon-fit',
      '@xterm/addon-search',
      'micromark',
      'micromark-extension-gfm',
    ],
  },
  build: {
    target: ['safari16', 'chrome110'],
    modulePreload: { polyfill: false },
    // What is bundled, and on what terms: the packages that people install tell it.
    license: { fileName: 'licences.json' },
    // Half a page about slow plugins is no news to who runs make the first time.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  test: { include: ['src/**/*.test.ts'] },
});
