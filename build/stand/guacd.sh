#!/usr/bin/env bash
# Fetches guacd, which Debian 12 does not have, from Debian 11 into a private folder.
#
#   build/stand/guacd.sh [CACHE]
#
# CACHE is build/out/guacd unless told. Nothing happens if guacd is there and runs. It works as
# an ordinary user and installs nothing: apt downloads the packages from the mirror that this
# machine uses, with lists and settings of its own, and checks them; they are only unpacked.
# Exit 0 there is a guacd in CACHE, 1 there is none, 2 the usage is wrong.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

# Where guacd comes from, and it with all that a Debian 12 does not have in the same version.
readonly suite=bullseye
readonly packages=(guacd libguac19 libguac-client-vnc0 libvncclient1 libssl1.1 libossp-uuid16 libwebp6)
readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# die ends with a sentence for the cause and one for the remedy.
die() { # CAUSE REMEDY
  printf 'guacd.sh: %s\n  %s\n' "$1" "$2" >&2
  exit 1
}

libraries() { # FOLDER
  printf '%s:' "$1"/usr/lib/*-linux-*
}

runs() { # FOLDER
  LD_LIBRARY_PATH=$(libraries "$1") "$1/usr/sbin/guacd" -v >/dev/null 2>&1
}

need_tools() {
  local missing=() pair
  for pair in apt-get:apt dpkg-deb:dpkg flock:util-linux ldd:libc-bin; do
    command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  [ "${missing[0]}" != apt ] || die 'guacd is fetched from Debian, and this system has no apt' \
    'install guacd 1.3 or newer so that it is on the PATH, and this is not needed'
  die 'tools are missing' "sudo apt-get install ${missing[*]}"
}

# mirror prints the address from which this machine takes its own release, or the security
# updates of it, whatever the form in which that is written down.
mirror() { # RELEASE
  # shellcheck disable=SC2016 # apt fills these in
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$1" '$2 == release && $3 == "main" && !found++ { print $1 }'
}

# private_apt runs apt-get with nothing of the machine's but how it reaches the network.
private_apt() {
  apt-get -q -y -o Dir::State="$work/state" -o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
    -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- -o Dir::Etc::PreferencesParts=- \
    -o APT::Sandbox::User="$(id -un)" -o APT::Get::List-Cleanup=false "$@"
}

# use_suite makes a suite the only one that private_apt knows.
use_suite() { # ADDRESS SUITE
  printf 'deb [arch=%s signed-by=%s] %s %s main\n' "$(dpkg --print-architecture)" "$keyring" "$1" "$2" >"$work/sources.list"
  private_apt -o APT::Update::Error-Mode=any update >"$work/log" 2>&1
}

download() {
  rm -rf "$work/packages"
  mkdir "$work/packages"
  (cd "$work/packages" && private_apt download "${packages[@]}") >"$work/log" 2>&1
}

# with_updates downloads the packages with their last security updates. The day comes when
# those are taken away, first the packages, then the list of them.
with_updates() { # ADDRESS ADDRESS-OF-UPDATES
  local sources
  [ -n "$2" ] && use_suite "$2" $suite-security || return 1
  sources=$(cat "$work/sources.list")
  use_suite "$1" $suite && echo "$sources" >>"$work/sources.list" && download
}

# fetch downloads the packages, which apt checks, and unpacks them into the folder.
fetch() { # FOLDER
  local release address file
  release=$(sed -n 's/^VERSION_CODENAME="\?\([^"]*\).*/\1/p' /etc/os-release)
  address=$(mirror "$release")
  [ -n "$address" ] || die "apt has no source for this release (${release:-it has no name})" \
    'write one into /etc/apt/sources.list, or install guacd 1.3 or newer so that it is on the PATH'
  [ -r "$keyring" ] || die "Debian's keys are missing: $keyring" 'sudo apt-get install debian-archive-keyring'
  with_updates "$address" "$(mirror "$release-security")" || { use_suite "$address" $suite && download; } ||
    die "$address does not give guacd of $suite: $(grep -m 1 '^[EW]:' "$work/log" || tail -n 1 "$work/log")" \
      "check the network; if that mirror no longer has $suite, name another one in apt's sources, or install guacd 1.3 or newer so that it is on the PATH"
  for file in "$work/packages"/*.deb; do
    dpkg-deb -x "$file" "$1"
  done
}

# check_libraries names what neither the packages nor this machine have.
check_libraries() { # FOLDER
  local missing
  missing=$(LD_LIBRARY_PATH=$(libraries "$1") ldd "$1/usr/sbin/guacd" "$1"/usr/lib/*-linux-*/libguac-client-vnc.so |
    awk '/not found/ && !seen[$1]++ { print $1 }' | tr '\n' ' ')
  [ -z "$missing" ] || die "guacd needs libraries that are not here: $missing" \
    'sudo apt-get install those that have them, and add to the packages of this script what Debian no longer has'
  runs "$1" || die 'guacd was fetched, and does not run' "to see why: LD_LIBRARY_PATH=$(libraries "$1") $1/usr/sbin/guacd -v"
}

[ $# -le 1 ] || { echo 'usage: build/stand/guacd.sh [CACHE]' >&2 && exit 2; }
cache=${1:-$(dirname "${BASH_SOURCE[0]}")/../out/guacd}
! runs "$cache" || exit 0
need_tools
mkdir -p "$(dirname "$cache")"
cache=$(cd "$(dirname "$cache")" && pwd)/$(basename "$cache")
exec 9>"$cache.lock"
flock 9 # of those who start at once, the first fetches
! runs "$cache" || exit 0

work=$(mktemp -d "$cache.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/root"
: >"$work/status"
printf 'guacd.sh: fetching guacd from Debian %s into %s\n' $suite "$cache" >&2
fetch "$work/root"
check_libraries "$work/root"
rm -rf "$cache"
mv -T "$work/root" "$cache"
