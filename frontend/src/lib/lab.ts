// The nouns of the page, as the program spells them. Everything but lib/api.ts
// gets them from here.

import type { Node, Problem } from './api';

export type {
  AddImageInput,
  Address,
  Autostart,
  CatalogueEntry,
  Check,
  Closing,
  CrashReport,
  CreateInput,
  Defaults,
  FirstBootChoices,
  FirstBootInput,
  Folder,
  GatewayReport,
  GatewaySettings,
  GatewayStatus,
  Health,
  Host,
  Image,
  Inspection,
  LabEvent,
  Link,
  MigrateInput,
  Migration,
  Moment,
  Node,
  Offers,
  Probe,
  Problem,
  Registration,
  SetInput,
  Setting,
  Settings,
  StackService,
  Undo,
  Unused,
  Usage,
} from './api';

// The values of the enumerations: the names for them would only repeat these.
export type State = `${import('./api').State}`;
export type ImageState = `${import('./api').ImageState}`;
export type MomentKind = `${import('./api').MomentKind}`;
/** What can be asked of many nodes at once. */
export type BulkVerb = 'start' | 'stop' | 'wipe' | 'delete';
/** What is done to many nodes at once: also what takes that back. */
export type JobVerb = BulkVerb | 'undo' | 'restore';
/** How it stands with one of them, or with anything that was asked for. */
export type JobStatus = 'waiting' | 'working' | 'done' | 'failed' | 'cancelled';
/** What befalls one of them. */
export interface JobLine {
  node: Pick<Node, 'id' | 'name'>;
  status: JobStatus;
  /** What came of it, in a few words. */
  said?: string;
  problem?: Problem;
}
export type GatewayMode = `${import('./api').GatewayMode}`;
export type MoveStatus = `${import('./api').MoveStatus}`;
export type MigrationStatus = `${import('./api').MigrationStatus}`;
export type GatewayState = `${import('./api').GatewayState}`;
