#!/usr/bin/env bash
# Makes a clean Debian 12 with all that the package asks for, as apt resolves it, and without
# the package. The names of the needed packages are the key of the cache: apt has to resolve
# again once they are others.
#
#   base.sh PACKAGE.deb FOLDER
set -euo pipefail
[ ! -d "$2" ] || exit 0
new="$2.$$"
trap 'rm -rf "$new"' EXIT
mkdir -p "${2%/*}"
# shellcheck disable=SC2016 # mmdebstrap gives $1
mmdebstrap --quiet --variant=minbase --format=directory \
  --aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/fonts/*' \
  --customize-hook="cp '$1' \"\$1/sandboxlabs.deb\"" \
  --customize-hook='chroot "$1" apt-get install -y --no-install-recommends /sandboxlabs.deb' \
  --customize-hook='chroot "$1" dpkg --purge sandboxlabs' \
  --customize-hook='rm "$1/sandboxlabs.deb"' \
  bookworm "$new"
mv "$new" "$2"
find "${2%/*}" -mindepth 1 -maxdepth 1 ! -path "$2" -exec rm -rf {} +
