// What states are called. The program's own words for them are for machines: data-state has those.

const names: Record<string, string> = {
  // of a node
  stopped: /* @wc-include */ 'stopped',
  starting: /* @wc-include */ 'starting',
  running: /* @wc-include */ 'running',
  paused: /* @wc-include */ 'paused',
  stopping: /* @wc-include */ 'stopping',
  failed: /* @wc-include */ 'failed',
  missing: /* @wc-include */ 'missing',
  // of an image
  adding: /* @wc-include */ 'adding',
  ready: /* @wc-include */ 'ready',
  changed: /* @wc-include */ 'changed',
  // of the gateway
  off: /* @wc-include */ 'off',
  connecting: /* @wc-include */ 'connecting',
  registering: /* @wc-include */ 'registering',
  // of a container
  healthy: /* @wc-include */ 'healthy',
  unhealthy: /* @wc-include */ 'unhealthy',
  exited: /* @wc-include */ 'exited',
  created: /* @wc-include */ 'created',
  restarting: /* @wc-include */ 'restarting',
  dead: /* @wc-include */ 'dead',
};

/** A state as a person reads it, in small letters where the language has them. */
export const stateName = (state: string): string => names[state] ?? state;
