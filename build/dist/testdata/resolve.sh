#!/usr/bin/env bash
# Asks apt whether a Debian of another release, with nothing installed, has all that the package
# asks for. What is on this machine is not looked at, and nothing is installed.
#
#   resolve.sh PACKAGE.deb RELEASE FOLDER
#
# FOLDER keeps the lists of packages for a week. Exit 3 where they can not be had.
set -euo pipefail
deb=$1 release=$2 folder=$3
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" "$folder/parts"
: >"$folder/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $release main" >"$folder/sources.list"

apt() {
  LC_ALL=C apt-get -o Dir::State="$folder" -o Dir::State::status="$folder/status" -o Dir::Cache="$folder/cache" \
    -o Dir::Etc::sourcelist="$folder/sources.list" -o Dir::Etc::sourceparts="$folder/parts" \
    -o Dir::Etc::preferencesparts="$folder/parts" -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
    -o Acquire::Languages=none "$@"
}

if [ -z "$(find "$folder/lists" -name '*_Packages*' -mtime -7)" ]; then
  apt -q update >&2 && find "$folder/lists" -name '*_Packages*' -exec touch {} + || exit 3
  [ -n "$(find "$folder/lists" -name '*_Packages*')" ] || exit 3
fi
apt -q -y install --print-uris --no-install-recommends "$deb" # less work than --simulate
