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

/** What a catalogue has: its forms in that language by those in English, one below the other. */
export function load(language) {
  const { items } = PO.parse(readFileSync(path(language), 'utf8'));
  return new Map(items.map((item) => [keyOf(item), item.msgstr]));
}

/** The texts of a language by the English ones: a list where there are several forms. */
export function catalogue(language) {
  const told = [...load(language)].filter(([, forms]) => forms.every(Boolean));
  return Object.fromEntries(told.map(([key, forms]) => [key, key.includes('\n') ? forms : forms[0]]));
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
  po.items = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, msgstr]) => itemOf(key, msgstr));
  writeFileSync(path(language), `${po}`);
}

function itemOf(key, msgstr) {
  const item = new PO.Item();
  [item.msgid, item.msgid_plural = null] = key.split('\n');
  item.msgstr = msgstr;
  return item;
}

/** A text as it stands in a catalogue that has nothing for it yet. */
export const stanza = (key) =>
  `${itemOf(
    key,
    key.split('\n').map(() => ''),
  )}`;
