// What is asked of nodes and images, and what came of it, as titles: whole sentences, of one node
// by its name or of many by their number.

type Title = (it: string) => string;

/** Wipe web-1: what is asked. */
export const asked = {
  start: (it) => `Start ${it}`,
  stop: (it) => `Stop ${it}`,
  forceOff: (it) => `Force off ${it}`,
  reboot: (it) => `Reboot ${it}`,
  pause: (it) => `Pause ${it}`,
  resume: (it) => `Resume ${it}`,
  wipe: (it) => `Wipe ${it}`,
  undo: (it) => `Undo the wipe of ${it}`,
  restore: (it) => `Restore ${it}`,
  rename: (it) => `Rename ${it}`,
  set: (it) => `Resources and notes of ${it}`,
  consoleSettings: (it) => `Console settings of ${it}`,
  clone: (it) => `Clone ${it}`,
  delete: (it) => `Delete ${it}`,
  forget: (it) => `Forget ${it}`,
  console: (it) => `Console of ${it}`,
  serial: (it) => `Open the serial port of ${it}`,
} satisfies Record<string, Title>;

/** Wiping 3 nodes: what is under way. */
export const underWay = {
  start: (it) => `Starting ${it}`,
  stop: (it) => `Stopping ${it}`,
  wipe: (it) => `Wiping ${it}`,
  delete: (it) => `Deleting ${it}`,
  undo: (it) => `Undoing the wipe of ${it}`,
  restore: (it) => `Restoring ${it}`,
} satisfies Record<string, Title>;

/** Wiped web-1: what is done. */
export const done = {
  start: (it) => `Started ${it}`,
  stop: (it) => `Stopped ${it}`,
  wipe: (it) => `Wiped ${it}`,
  delete: (it) => `Deleted ${it}`,
  undo: (it) => `Undid the wipe of ${it}`,
  restore: (it) => `Restored ${it}`,
} satisfies Record<string, Title>;
