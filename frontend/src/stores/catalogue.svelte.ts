import * as api from '../lib/api';
import type { Image, Offers } from '../lib/lab';
import { lab } from './lab.svelte';
import { Told } from './told.svelte';

/** The images that publishers offer, asked for when they are first looked at. */
export const catalogue = new Told<Offers>(api.catalogue);

/** What has been made of an entry, or is being made. */
export const madeOf = (id: string): Image | undefined =>
  lab.images.find(({ origin }) => `${origin.kind}` === 'catalogue' && origin.of === id);
