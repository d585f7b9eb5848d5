import { expect, test } from 'vitest';
import { announce, said } from './announce.svelte';

test('says each in its region', () => {
  announce('web-1 is running.');
  announce('The connection is lost.', 'assertive');
  expect(said).toEqual({ polite: 'web-1 is running.', assertive: 'The connection is lost.' });
});

test('says the same again as a change', () => {
  announce('1 node wiped.');
  const first = said.polite;
  announce('1 node wiped.');
  expect(said.polite).not.toBe(first);
  expect(said.polite.trim()).toBe(first);
});
