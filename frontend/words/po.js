// The catalogues: a .po file for each language beside English, read by this page and by the program.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import PO from 'pofile';

export const folder = fileURLToPath(new URL('../../backend/words', import.meta.url));

const path = (language) => `${folder}/${language}.po`;
const keyOf = ({ msgid, msgid_plural }) => (msgid_plural ? `${msgid}\n${msgid_plural}` : msgid);

/** The languages beside English. */
export const languages = () =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.po'))
    .map((file) => basename(file, '.po'));

/**
 * What a catalogue has, by the English forms, one below the other: those in its language, and of
 * whom they are, the page or the program.
 */
export function load(language) {
  const { items } = PO.parse(readFileSync(path(language), 'utf8'));
  return new Map(items.map((item) => [keyOf(item), { forms: item.msgstr, of: item.references }]));
}

/** What the page loads of a language: its texts by the English ones, and which of them the program says. */
export function catalogue(language) {
  const all = [...load(language)].filter(([, { forms }]) => forms.every(Boolean));
  return {
    texts: Object.fromEntries(all.map(([key, { forms }]) => [key, key.includes('\n') ? forms : forms[0]])),
    said: all.filter(([key, { of }]) => !key.includes('\n') && of.includes('program')).map(([key]) => key),
  };
}

/** Writes a catalogue in the order of the English texts, so that two who add to it seldom meet. */
export function save(language, texts) {
  const po = new PO();
  po.headers = {
    Language: language,
    'Content-Type': 'text/plain; charset=UTF-8',
    'Content-Transfer-Encoding': '8bit',
    'Plural-Forms': 'nplurals=2; plural=(n != 1);',
  };
  po.items = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, text]) => itemOf(key, text));
  writeFileSync(path(language), `${po}`);
}

function itemOf(key, { forms, of }) {
  const item = new PO.Item();
  [item.msgid, item.msgid_plural = null] = key.split('\n');
  item.msgstr = forms;
  item.references = of;
  return item;
}

const untold = (key) => key.split('\n').map(() => '');

/** A text as it stands in a catalogue that has nothing for it yet. */
export const stanza = (key, of) => `${itemOf(key, { forms: untold(key), of })}`;
