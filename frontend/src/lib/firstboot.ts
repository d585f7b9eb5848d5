// What is asked of the first boot of a new node.

import type { FirstBootInput } from './lab';

/** As it is typed. */
export interface FirstBootWish {
  hostName: string;
  user: string;
  password: string;
  /** Public keys, each a line as in authorized_keys. */
  keys: string[];
  packages: string;
  /** Given to cloud-init as it is, in place of the others. */
  userData: string;
}

export const noWish = (): FirstBootWish => ({
  hostName: '',
  user: '',
  password: '',
  keys: [],
  packages: '',
  userData: '',
});

/** What is asked for; nothing if nothing was filled in. */
export function firstBootOf(wish: FirstBootWish): FirstBootInput | undefined {
  const packages = wish.packages.split(/[\s,]+/).filter(Boolean);
  const userData = wish.userData.trim() ? wish.userData : '';
  const asked =
    [wish.hostName, wish.user, wish.password, userData].some(Boolean) || wish.keys.length || packages.length;
  if (!asked) return undefined;
  return {
    hostName: wish.hostName.trim(),
    user: userData ? '' : wish.user.trim(),
    password: userData ? '' : wish.password,
    sshKeys: userData ? [] : wish.keys,
    packages: userData ? [] : packages,
    userData,
    networkConfig: '',
  };
}

/** What is wrong with it; empty if nothing is. The program has the last word. */
export function firstBootFault({ user, userData }: FirstBootWish): string {
  if (userData.trim() && !/^#/.test(userData))
    return 'User data begins with #cloud-config, or #! for a script.';
  if (user.trim() && !/^[a-z_][a-z0-9_-]{0,31}$/.test(user.trim()))
    return 'An account is named by up to 32 lower-case letters, digits, - and _, a letter first.';
  return '';
}
