import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** The layers: routes -> components, stores, lib; stores -> lib; components -> lib without the api. */
const fence = (files, patterns) => ({
  files,
  rules: {
    'no-restricted-imports': ['error', { patterns }],
  },
});
const bindings = { group: ['**/wailsjs/**'], message: 'Only lib/api.ts speaks to the program.' };
const api = {
  regex: '(^|/)api$',
  allowTypeImports: false,
  message: 'Components get values by props and give callbacks; types come from lib/lab.',
};
const above = (...layers) => ({
  group: layers.map((layer) => `**/${layer}/**`),
  message: 'Imports point down only: routes -> components, stores -> lib.',
});

export default ts.config(
  { ignores: ['dist/', 'wailsjs/', 'node_modules/'] },
  js.configs.recommended,
  ts.configs.strict,
  svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ['e2e/**/*.ts'],
    languageOptions: { globals: { ...globals.node } },
    // Playwright reads from it which fixtures are wanted.
    rules: { 'no-empty-pattern': 'off' },
  },
  { files: ['dev/*.mjs', 'words/*.js'], languageOptions: { globals: { ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  { rules: { eqeqeq: 'error', 'no-console': 'error' } },
  { files: ['words/words.js'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.svelte'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            "SvelteElement[kind='html'] > SvelteStartTag > :matches(SvelteAttribute, SvelteShorthandAttribute)[key.name='title']",
          message: 'Say it by data-tip: a title comes late, and never for the keyboard.',
        },
      ],
    },
  },
  fence(['src/routes/**'], [bindings]),
  fence(['src/components/**'], [bindings, api, above('stores', 'routes')]),
  fence(['src/stores/**'], [bindings, above('components', 'routes')]),
  fence(['src/lib/**'], [bindings, above('components', 'stores', 'routes')]),
  { files: ['src/lib/api.ts'], rules: { 'no-restricted-imports': 'off' } },
);
