// What is printed on keys. Shortcuts spell them in English, which is what handlers compare.

const names: Record<string, string> = {
  Ctrl: /* @wc-include */ 'Ctrl',
  Shift: /* @wc-include */ 'Shift',
  Alt: /* @wc-include */ 'Alt',
  Super: /* @wc-include */ 'Super',
  Enter: /* @wc-include */ 'Enter',
  Escape: /* @wc-include */ 'Escape',
  Esc: /* @wc-include */ 'Esc',
  Space: /* @wc-include */ 'Space',
  Tab: /* @wc-include */ 'Tab',
  Backspace: /* @wc-include */ 'Backspace',
  Delete: /* @wc-include */ 'Del',
  Del: /* @wc-include */ 'Del',
  Home: /* @wc-include */ 'Home',
  End: /* @wc-include */ 'End',
  PageUp: /* @wc-include */ 'PageUp',
  PageDown: /* @wc-include */ 'PageDown',
  Menu: /* @wc-include */ 'Menu',
  Print: /* @wc-include */ 'Print',
};

/** Ctrl+Shift+K as it is printed on the keys. */
export const keyNames = (keys: string): string =>
  keys
    .split('+')
    .map((key) => names[key] ?? key)
    .join('+');
