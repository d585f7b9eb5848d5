// Which way to take to a node's display.

import type { GatewayStatus, Registration } from './lab';
import { sentence } from './problem';
import type { Transport } from './screen';

/** What the person asked of a tab. */
export type Wish = 'auto' | Transport;

export interface Choice {
  transport: Transport;
  /** Why this one, in a sentence. */
  reason: string;
}

/** What the choice depends on beside the wish. */
export interface Way {
  gateway?: GatewayStatus;
  registration?: Registration;
  /** Why Guacamole failed in this tab, as a sentence; empty if it did not. */
  failure: string;
  /** The way by which the console is connected now. */
  connected?: Transport;
}

export const transportNames: Record<Transport, string> = { direct: 'Direct', guacamole: 'Guacamole' };

/**
 * Chooses: what was wished, or Guacamole where it can be had, or else VNC. What Guacamole
 * carries it goes on to carry: an open console does not need what a new one does.
 */
export function choose(wish: Wish, way: Way): Choice {
  if (wish !== 'auto') return { transport: wish, reason: 'You chose it.' };
  const hindrance = hindranceOf(way);
  if (hindrance && way.connected === 'guacamole')
    return { transport: 'guacamole', reason: `This console stays open. ${hindrance}` };
  if (hindrance) return { transport: 'direct', reason: hindrance };
  const registered = `${way.registration?.state}` === 'registered';
  return { transport: 'guacamole', reason: registered ? 'Guacamole is ready.' : registering };
}

const registering = 'Registering with Guacamole.';

/** Why Guacamole is not taken by itself; empty if it is. A registration under way is soon over. */
function hindranceOf({ gateway, registration, failure }: Way): string {
  const ways = registrationHindrance(registration);
  return (
    gatewayHindrance(gateway) ||
    (ways === registering ? '' : ways) ||
    (failure && `${failure} The display is shown directly.`)
  );
}

/** Why Guacamole can not be had at all now; empty if it can. */
export const unavailable = ({ gateway, registration }: Way): string =>
  gatewayHindrance(gateway) || registrationHindrance(registration);

function gatewayHindrance(gateway?: GatewayStatus): string {
  const hindrances: Record<string, string> = {
    off: 'Guacamole is not set up.',
    starting: 'Guacamole is starting.',
    stopping: 'Guacamole is stopping.',
    connecting: 'Guacamole is being connected to.',
    failed: `Guacamole is not ready. ${gateway?.problem ? sentence(gateway.problem.message) : ''}`.trim(),
    ready: '',
  };
  return hindrances[gateway?.state ?? 'off'] ?? '';
}

function registrationHindrance(registration?: Registration): string {
  if (registration?.state === 'registered') return '';
  const problem = registration?.problem;
  return problem ? `Guacamole does not have this node yet. ${sentence(problem.message)}` : registering;
}

/** Changes whenever Guacamole deserves another try. */
export function circumstances({ gateway, registration }: Omit<Way, 'failure'>, display: boolean): string {
  return [gateway?.state, gateway?.url, registration?.state, display].join(' ');
}
