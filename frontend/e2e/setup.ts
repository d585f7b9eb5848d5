import { place } from './place';
import { visit } from './program';

/** The link is good once, and a worker begins anew after each failure. */
export default async function setup(): Promise<void> {
  if (!place.link) throw new Error('Run make e2e: it makes the place these tests need.');
  process.env.SANDBOXLABS_SESSION = JSON.stringify(await visit(place.link));
}
