// Finds the texts of the page in its sources, and has each looked up where it stands. Reading and
// rewriting are wuchale's; which string is a text is decided here.

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adapter as svelte } from '@wuchale/svelte';
import { globSync } from 'tinyglobby';
import { adapter as script } from 'wuchale/adapter-vanilla';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Attributes and props that a person reads. All others are for the machine. */
const read = new Set(
  (
    'alt aria-description aria-label aria-roledescription aria-valuetext data-tip detail hint label ' +
    'placeholder submit text tip title'
  ).split(' '),
);

/** Elements whose text is the same in any language. */
const verbatim = new Set(['code', 'path', 'pre', 'samp', 'script', 'style']);

/** Files without a text of ours: tables of keys and of typing, the bindings, and how texts are found. */
const untold = /(^|\/)(words|told|film|cursor|layouts)\.ts$|\.(test|d)\.ts$/;

const letter = /\p{L}/u;
// Names of keys as the DOM has them, and a sign of code: brackets, `a:b`, `a=b`, a path, an address.
const key =
  /^(?:(?:Ctrl|Shift|Alt)\+.*|Alt\w*|Arrow\w+|Backspace|Content-Type|Control\w*|Dead|End|Enter|Esc|Escape|F\d+|Home|Insert|Meta\w*|Page(Up|Down)|PrintScreen|Shift\w*|Space|Super|Tab|KeyV|[KMGTP]iB|(?:\w*Key[A-Z]|\w*Quote) .*)$/;
const code =
  /^[$/.:[\\<]|^#[-/\w]|^\S*[a-z][:=]\S|\[\w|^(button|dialog|input),|^left: |^\([a-z]|^https?:|^postgres:/;
/** What has a space and is for the machine. */
const machine = new Set(['web app', 'stack ready', 'disk space', 'missing node', 'missing nodes']);
// A sentence, or a word that begins one. What is all of one case is the name of something.
const sentence = /^[\p{Lu}“][^\n]*\p{Ll}|\p{L}{2,}[\p{L}’',.:;]* +\p{L}|^[#\d].* \p{L}/u;

function isText({ msgStr, details }) {
  const text = msgStr.join('\n');
  if (!letter.test(text.replaceAll('#', '')) || verbatim.has(details.element)) return false;
  if (details.scope === 'markup') return true;
  if (details.scope === 'attribute') {
    return (
      read.has(details.attribute) || (details.attribute === 'name' && /Fact$/.test(details.element ?? ''))
    );
  }
  return sentence.test(text) && !key.test(text) && !code.test(text) && !machine.has(text);
}

const options = {
  heuristic: (message) => {
    // It would have wuchale make a $derived of what never changes.
    delete message.details.declaring;
    return isText(message) && 'message';
  },
  patterns: [{ name: 'plural', args: ['other', 'message'] }],
  runtime: { initReactive: () => null, useReactive: false },
};
const components = svelte(options);
const scripts = script(options);

/** The sources that have texts, from the folder of the page. */
export const sources = () =>
  globSync('src/**/*.{svelte,ts}', { cwd: root })
    .filter((file) => !untold.test(file))
    .sort();

export const isSource = (file) =>
  file.startsWith(`${root}src/`) && /\.(svelte|ts)$/.test(file) && !untold.test(file);

/**
 * The texts of a source, each a list of its forms, and its code with a call of `words` for each of
 * them; without code if it has no text.
 */
export async function texts(file, content = readFileSync(file, 'utf8')) {
  const name = relative(root, file);
  const { msgs, output } = await (file.endsWith('.svelte') ? components : scripts).transform({
    content,
    filename: name,
    index: { get: (text) => JSON.stringify(text) },
    expr: { plain: '', reactive: '' },
    matchUrl: () => null,
  });
  const found = msgs.map(({ msgStr, context }) => {
    if (context) throw new Error(`${name}: a text has no context: find another word for “${msgStr[0]}”`);
    return msgStr;
  });
  if (!found.length) return { found };
  return {
    found,
    ...output(
      `import { words as _w_runtime_, words as _w_runtime_mod_ } from ${JSON.stringify(`${root}src/lib/words`)};`,
    ),
  };
}
