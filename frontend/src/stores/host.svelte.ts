import * as api from '../lib/api';
import { Told } from './told.svelte';

/** What the machine can do and has free: as it was told last, asked for anew by who shows it. */
export const host = new Told(api.host);
