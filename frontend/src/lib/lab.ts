// The nouns of the page, as the program spells them. Everything but lib/api.ts
// gets them from here.

export type {
  BulkResult,
  Check,
  CreateInput,
  Health,
  Host,
  Image,
  LabEvent,
  Link,
  Node,
  Problem,
  SetInput,
  Undo,
} from './api';

// The values of the enumerations: the names for them would only repeat these.
export type State = `${import('./api').State}`;
export type ImageState = `${import('./api').ImageState}`;
export type BulkVerb = `${import('./api').BulkVerb}`;
