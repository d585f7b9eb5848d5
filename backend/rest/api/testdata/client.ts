// A program against the API, by a client that was generated from its document.
import createClient from 'openapi-fetch';
import type { components, paths } from './api.js';

type Node = components['schemas']['Node'];

const [base = ''] = process.argv.slice(2);
const client = createClient<paths>({ baseUrl: base });

function given<T>(answer: { data?: T; error?: components['schemas']['Failure']; response: Response }): T {
  if (answer.data === undefined) throw new Error(`${answer.response.status}: ${JSON.stringify(answer.error)}`);
  return answer.data;
}

function want(what: string, got: unknown, wanted: unknown): void {
  if (got !== wanted) throw new Error(`${what}: got ${String(got)}, want ${String(wanted)}`);
}

async function make(name: string, key: string): Promise<Node> {
  const params = { header: { 'Idempotency-Key': key } };
  return given(await client.POST('/nodes', { params, body: { name, image: 'tiny', memoryMiB: 64 } }));
}

const web = await make('web', 'one');
want('the same again', (await make('web', 'one')).id, web.id);
await make('db', 'two');

const first = given(await client.GET('/nodes', { params: { query: { limit: 1 } } }));
const second = given(await client.GET('/nodes', { params: { query: { limit: 1, cursor: first.next } } }));
want('two pages', [...first.items, ...second.items].map((node) => node.name).join(), 'db,web');
want('the last page', second.next, undefined);

const path = { id: web.id };
const tag = (await client.GET('/nodes/{id}', { params: { path } })).response.headers.get('ETag') ?? '';
given(await client.POST('/nodes/{id}/start', { params: { path } }));
const running = given(await client.GET('/nodes/{id}', { params: { path, query: { wait: 20 } } }));
want('its state', running.state, 'running');
want('its display', running.vnc?.host, '127.0.0.1');

const late = await client.PATCH('/nodes/{id}', { params: { path, header: { 'If-Match': tag } }, body: { notes: 'x' } });
want('a change of what it was', late.response.status, 412);
want('why', late.error?.kind, 'busy');
const wrong = await client.GET('/nodes/{id}', { params: { path: { id: 'web' } } });
want('no UUID', wrong.error?.errors?.[0]?.where, 'path.id');

const upload = given(await client.POST('/uploads', { body: { name: 'disk.iso', bytes: 5 } }));
const sent = await client.PATCH('/uploads/{id}', {
  params: { path: { id: upload.id }, header: { 'Upload-Offset': '0' } },
  headers: { 'Content-Type': 'application/offset+octet-stream' },
  body: 'hello',
  bodySerializer: (body) => body,
});
want('a piece', sent.response.headers.get('Upload-Offset'), '5');

const told = await client.GET('/events', { parseAs: 'stream' });
const reader = told.response.body ?? told.data;
want('a stream', reader !== undefined && reader !== null, true);

const gone = given(await client.DELETE('/nodes/{id}', { params: { path, query: { purge: true } } }));
want('what is gone', gone.name, 'web');
console.log('all is well');
process.exit(0); // the stream has no end
