// Brings the catalogues up to the sources, or with `check` fails where they are not. The texts of
// the program itself come as a JSON list at the standard input (build/words).

import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { languages, load, save, stanza } from './po.js';
import { sources, texts } from './read.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const checking = process.argv[2] === 'check';

/** All texts by their English, each with whose it is. */
async function gather() {
  const said = new Set(JSON.parse(await text(process.stdin)));
  const all = new Map([...said].map((text) => [text, ['program']]));
  for (const file of sources()) {
    for (const forms of (await texts(root + file)).found) {
      const key = forms.join('\n');
      all.set(key, said.has(key) ? ['page', 'program'] : ['page']);
    }
  }
  return all;
}

const places = (text) => [...new Set(text.match(/\{\d+\}|<\/?\d+\/?>/g))].sort().join(' ');

/** What is wrong with the text of a language. */
function fault(key, forms) {
  if (!forms.every(Boolean)) return 'is not translated';
  if (forms.length !== key.split('\n').length && key.includes('\n')) return 'has other forms';
  const of = places(key);
  const differs = forms.some(
    (form) => places(form) !== of && !(forms.length > 1 && of.includes(places(form))),
  );
  return differs && `has other places than the English (${of || 'none'})`;
}

function faults(language, all) {
  const own = load(language);
  const missing = [...all.keys()].filter((key) => !own.has(key));
  return [
    ...missing.map((key) => `add this text, with its translation:\n${stanza(key, all.get(key))}`),
    ...[...own]
      .map(([key, { forms }]) => [key, all.has(key) ? fault(key, forms) : 'is used no more'])
      .filter(([, why]) => why)
      .map(([key, why]) => `“${key}” ${why}`),
  ];
}

function update(language, all) {
  const own = load(language);
  const forms = (key) => own.get(key)?.forms ?? key.split('\n').map(() => '');
  save(language, new Map([...all].map(([key, of]) => [key, { forms: forms(key), of }])));
}

const all = await gather();
for (const language of languages()) {
  if (!checking) update(language, all);
  for (const it of faults(language, all)) {
    process.exitCode = checking ? 1 : 0;
    console.error(`backend/words/${language}.po: ${it}`);
  }
}
if (process.exitCode) console.error('“make words” adds what is missing and takes away what is not used.');
