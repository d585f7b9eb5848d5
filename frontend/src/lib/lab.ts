// The nouns of the page, as the program spells them. Everything but lib/api.ts
// gets them from here.

export type {
  BulkResult,
  Check,
  CreateInput,
  GatewayReport,
  GatewaySettings,
  GatewayStatus,
  Health,
  Host,
  Image,
  LabEvent,
  Link,
  Node,
  Problem,
  Registration,
  SetInput,
  StackService,
  Undo,
} from './api';

// The values of the enumerations: the names for them would only repeat these.
export type State = `${import('./api').State}`;
export type ImageState = `${import('./api').ImageState}`;
export type BulkVerb = `${import('./api').BulkVerb}`;
export type GatewayMode = `${import('./api').GatewayMode}`;
export type GatewayState = `${import('./api').GatewayState}`;
