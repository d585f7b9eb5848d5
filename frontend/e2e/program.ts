// A running sandboxlabs serve, called as its page calls it.

import { spawn, type ChildProcess } from 'node:child_process';
import { place } from './place';

/** The session's cookie, in the form that Playwright gives a browser. */
export interface Session {
  origin: string;
  name: string;
  value: string;
}

/** Uses the one-time link of a server. */
export async function visit(link: string): Promise<Session> {
  const answer = await fetch(link, { redirect: 'manual' });
  const [, name, value] = /^([^=]+)=([^;]+)/.exec(answer.headers.get('set-cookie') ?? '') ?? [];
  if (!name || !value) throw new Error(`No session from ${link}: ${answer.status}`);
  return { origin: new URL(link).origin, name, value };
}

export async function rpc<T>(session: Session, verb: string, ...args: unknown[]): Promise<T> {
  const answer = await fetch(`${session.origin}/rpc/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: `${session.name}=${session.value}` },
    body: JSON.stringify(args),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${verb} ${JSON.stringify(args)}: ${text}`);
  return JSON.parse(text) as T;
}

export const cookies = ({ name, value }: Session) => ({
  cookies: [
    {
      name,
      value,
      domain: '127.0.0.1',
      path: '/',
      expires: -1,
      httpOnly: true,
      secure: false,
      sameSite: 'Strict' as const,
    },
  ],
  origins: [],
});

/** A second program in the place, with folders and a pool of its own, whose link was opened. */
export async function serve(name: string): Promise<{ session: Session; stop: () => Promise<void> }> {
  const { link, stop } = await start(name);
  return { session: await visit(link), stop };
}

/** The same, with more arguments, and its link unopened. */
export async function start(
  name: string,
  ...more: string[]
): Promise<{ link: string; stop: () => Promise<void> }> {
  const [first = 'env', ...prefix] = place.prefix;
  const folder = `${place.dir}/tmp/${name}`;
  const script = `mkdir -p "$0"/config/sandboxlabs "$0"/data "$0"/state "$0"/pool
printf '[pool]\\nname = "%s"\\npath = "%s"\\n' "$(basename ${place.dir})-${name}" "$0"/pool >"$0"/config/sandboxlabs/config.toml
export XDG_CONFIG_HOME="$0"/config XDG_DATA_HOME="$0"/data XDG_STATE_HOME="$0"/state
program=$1 uri=$2 && shift 2
exec "$program" --connect "$uri" serve --listen 127.0.0.1:0 --socket "$0"/serve.sock --json "$@"`;
  const child = spawn(first, [...prefix, 'sh', '-c', script, folder, place.program, place.uri, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    if (!said.includes('}')) continue;
    const { url } = JSON.parse(said) as { url: string };
    return { link: url, stop: () => end(child) };
  }
  throw new Error('serve ended without a link');
}

async function end(child: ChildProcess): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
