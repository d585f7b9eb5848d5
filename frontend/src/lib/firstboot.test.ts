import { expect, test } from 'vitest';
import { firstBootFault, firstBootOf, noWish } from './firstboot';

test('nothing filled in asks for nothing', () => expect(firstBootOf(noWish())).toBeUndefined());

test('what is filled in is asked for', () => {
  expect(
    firstBootOf({
      ...noWish(),
      user: ' ann ',
      password: ' p ',
      keys: ['ssh-ed25519 A'],
      packages: 'git, curl  vim',
    }),
  ).toEqual({
    hostName: '',
    user: 'ann',
    password: ' p ',
    sshKeys: ['ssh-ed25519 A'],
    packages: ['git', 'curl', 'vim'],
    userData: '',
    networkConfig: '',
  });
});

test('user data takes the place of what would be made', () => {
  const asked = firstBootOf({ ...noWish(), user: 'ann', password: 'p', userData: '#cloud-config\n' });
  expect([asked?.user, asked?.password, asked?.userData]).toEqual(['', '', '#cloud-config\n']);
});

test('what can be told at once is told', () => {
  expect(firstBootFault(noWish())).toBe('');
  expect(firstBootFault({ ...noWish(), user: 'Ann' })).toContain('lower-case');
  expect(firstBootFault({ ...noWish(), userData: 'packages: []' })).toContain('#cloud-config');
});
