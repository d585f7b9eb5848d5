// Why a console through Guacamole ended, in a sentence.

import { sentence } from './problem';

// guacamole.apache.org/doc/gug/protocol-reference.html#status-codes
const sentences: Record<number, string> = {
  0: 'The connection ended.',
  256: 'Guacamole can not do what was asked of it.',
  512: 'Guacamole met a fault of its own; its log says which.',
  513: 'Guacamole is too busy for another console.',
  514: 'The display did not answer Guacamole in time.',
  515: 'The display broke off its connection to Guacamole.',
  516: 'Guacamole does not know this console any more.',
  517: 'Another connection has this display.',
  518: 'Guacamole closed this console.',
  519: 'Guacamole does not reach the display, or is refused by it.',
  520: 'The display takes no connection from Guacamole.',
  521: 'Another session of Guacamole took this console over.',
  522: 'Guacamole ended this console for want of activity.',
  523: 'Guacamole ended this session.',
  768: 'Guacamole does not understand the request.',
  769: 'Guacamole refuses the login.',
  771: 'Guacamole does not allow this console.',
  776: 'Guacamole heard nothing from this window for too long.',
  781: 'This window sent more than Guacamole takes.',
  783: 'Guacamole does not take this kind of data.',
  797: 'Too many consoles of this user are open in Guacamole.',
};

/**
 * The sentence for a status. The program's own, which stands behind the number in `message`,
 * says more than ours; what guacd and the library say is no sentence for a person.
 */
export function statusSentence(code: number, message = ''): string {
  const own = /^\d+ +(\D.*)$/s.exec(message)?.[1];
  return (own && sentence(own)) ?? sentences[code] ?? `Guacamole ended this console with status ${code}.`;
}
