import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { onLeaveKeys } from './leave';

let element: EventTarget;
let left: number;

beforeEach(() => {
  vi.stubGlobal('addEventListener', () => undefined);
  element = new EventTarget();
  left = 0;
  onLeaveKeys(element as HTMLElement, () => left++);
});
afterEach(() => vi.unstubAllGlobals());

/** "+C" is Control pressed, "-A" Alt released; then come the modifiers the event tells of. */
function play(...keys: string[]): number {
  for (const [sign, key, ...held] of keys) {
    const event = new Event(sign === '+' ? 'keydown' : 'keyup');
    const names: Record<string, string> = { C: 'Control', A: 'Alt' };
    Object.assign(event, {
      key: names[key ?? ''] ?? key,
      ctrlKey: held.includes('c'),
      altKey: held.includes('a'),
    });
    element.dispatchEvent(event);
  }
  return left;
}

test.each([
  ['Chromium', ['+Cc', '+Aca', '-Ac', '-C'], 1],
  ['WebKitGTK', ['+Cc', '+Aca', '-Aca', '-Cc'], 1],
  ['the other order', ['+Aa', '+Cca', '-Cca', '-Aa'], 1],
  ['a third key', ['+Cc', '+Aca', '+tca', '-tca', '-Ac', '-C'], 0],
  ['one alone', ['+Cc', '-C'], 0],
  ['only one released', ['+Cc', '+Aca', '-Ac'], 0],
])('%s', (_, keys, want) => expect(play(...keys)).toBe(want));
