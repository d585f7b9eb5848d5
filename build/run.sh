#!/usr/bin/env bash
# Opens SandBoxLabs: its window where there is a display, its page on loopback where there is
# none. An empty library is given the tiny guest first, so that the first node is two clicks away.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=build/bin/sandboxlabs

# What fails here is not the end: the program itself says what is wrong, and how to mend it.
fill_library() {
  [ "$("$program" image ls --json | tr -d '[:space:]')" = '[]' ] || return 0
  make --no-print-directory --silent image && "$program" image add --name tiny build/out/tiny.qcow2
}
fill_library || echo 'run: the library was left as it is' >&2

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  exec "$program" "$@"
fi
exec "$program" serve "$@"
