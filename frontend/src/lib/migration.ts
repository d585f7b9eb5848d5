// Nodes of the web prototype that come over: how it stands with them, in words.

import { bytes, hardware, plural } from './format';
import type { JobStatus, Migration, MoveStatus, Problem } from './lab';

/** An image or a node of a migration, as it is shown. */
export interface MigrationLine {
  key: string;
  name: string;
  /** What it is made of, in a few words. */
  facts: string;
  status: MoveStatus;
  notes: string[];
  problem?: Problem;
}

/** The images, then the nodes. */
export function migrationLines({ images, nodes }: Migration): MigrationLine[] {
  return [
    ...(images ?? []).map(({ path, name, file, bytes: size, status, problem }) => ({
      key: path,
      name,
      facts: `${file} · ${bytes(size)}`,
      status: status as MoveStatus,
      notes: [],
      problem,
    })),
    ...(nodes ?? []).map((node, n) => ({
      key: `${n} ${node.id}`,
      name: node.name,
      facts: node.vcpus
        ? [node.image, hardware(node), node.bytes && bytes(node.bytes)].filter(Boolean).join(' · ')
        : '',
      status: node.status as MoveStatus,
      notes: node.notes ?? [],
      problem: node.problem,
    })),
  ];
}

/** The drawing for it. */
export const signs: Record<MoveStatus, JobStatus> = {
  ready: 'waiting',
  here: 'done',
  wrong: 'failed',
  going: 'working',
  done: 'done',
  failed: 'failed',
};

const count = ({ nodes }: Migration, ...wanted: MoveStatus[]) =>
  (nodes ?? []).filter(({ status }) => wanted.includes(status as MoveStatus)).length;

/** How many nodes are to come. */
export const toCome = (migration: Migration) => count(migration, 'ready');

/** What is planned, or what came of it. */
export function verdict(migration: Migration): string {
  const here = count(migration, 'done');
  const left = count(migration, 'wrong', 'failed');
  switch (`${migration.status}` as const) {
    case 'planned':
      return toCome(migration)
        ? `It takes ${bytes(migration.needBytes)} at most; ${bytes(migration.freeBytes)} are free on the disk of the pool.`
        : 'There is no node that could come over.';
    case 'cancelled':
      return plural(here, ['Cancelled; # node is here.', 'Cancelled; # nodes are here.']);
    case 'failed':
      return plural(left, ['# node could not come over.', '# nodes could not come over.']);
    case 'done':
      return here
        ? plural(here, ['# node came over.', '# nodes came over.'])
        : 'All of its nodes were here already.';
    default:
      return '';
  }
}

/** What is just coming over; empty if nothing is. */
export const going = (migration: Migration) =>
  migrationLines(migration).find(({ status }) => status === 'going')?.name ?? '';
