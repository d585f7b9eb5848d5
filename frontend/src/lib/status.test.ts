import { expect, test } from 'vitest';
import { statusSentence } from './status';

test.each([
  [519, "519 The node's display could not be reached.", "The node's display could not be reached."],
  [519, '519 519', 'Guacamole does not reach the display, or is refused by it.'],
  [519, '519 ', 'Guacamole does not reach the display, or is refused by it.'],
  [519, '519', 'Guacamole does not reach the display, or is refused by it.'],
  [519, 'Aborted. See logs.', 'Guacamole does not reach the display, or is refused by it.'],
  [514, 'Server timeout.', 'The display did not answer Guacamole in time.'],
  [769, undefined, 'Guacamole refuses the login.'],
  [599, undefined, 'Guacamole ended this console with status 599.'],
])('%i %j', (code, message, want) => expect(statusSentence(code, message)).toBe(want));
