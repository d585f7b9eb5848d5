#!/usr/bin/env bash
# Makes this machine ready for SandBoxLabs: installs the packages that are missing, and
# starts libvirt where no init system does. Nothing happens where nothing is missing.
#
#   build/setup.sh [--check] [run|test|bench]
#
# run (the default) is for building and running it, test for that and all its tests, bench for
# those and what it is measured beside.
# --check only says what is missing. Exit 0 ready, 1 not ready, 2 Go or Node or the usage is wrong.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C # the messages of package managers are read

say() { printf 'setup: %s\n' "$1" >&2; }

# fail ends with a sentence for the cause and one for the remedy.
fail() { # STATUS CAUSE REMEDY
  printf 'setup: %s\n  %s\n' "$2" "$3" >&2
  exit "$1"
}

has() { command -v "$1" >/dev/null; }
without_systemd() { [ ! -d /run/systemd/system ]; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# at_least compares versions such as 1.25.0.
at_least() { # FOUND NEEDED
  [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

check_go() {
  local needed found
  needed=$(awk '$1 == "go" { print $2 }' go.mod)
  found=none
  ! has go || found=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//; s/ .*//')
  [ "$found" != none ] && at_least "$found" "$needed" && return
  # An older Go has to go first: files of two versions side by side do not build.
  fail 2 "Go $needed or newer is needed; found: $found" \
    "sudo rm -rf /usr/local/go && curl -fL https://go.dev/dl/go$needed.linux-$(architecture amd64 arm64).tar.gz | sudo tar -C /usr/local -xz && export PATH=/usr/local/go/bin:\$PATH"
}

check_node() {
  local needed found=none release=v22.14.0
  needed=$(sed -n 's/.*"node": *">=\([0-9.]*\).*/\1/p' frontend/package.json)
  ! has node || found=$(node --version | sed 's/^v//')
  [ "$found" != none ] && at_least "$found" "$needed" && has npm && return
  ! { [ "$found" != none ] && at_least "$found" "$needed"; } || found="$found without npm"
  fail 2 "Node.js $needed or newer with npm is needed; found: $found" \
    "curl -fL https://nodejs.org/dist/$release/node-$release-linux-$(architecture x64 arm64).tar.gz | sudo tar -C /usr/local --strip-components=1 -xz"
}

architecture() { # NAME-ON-X86 NAME-ON-ARM
  case $(uname -m) in aarch64) echo "$2" ;; *) echo "$1" ;; esac
}

# The packages. Only Debian's names are tested. With postgresql, Debian makes a cluster of its
# own, and starts it where systemd runs. The tests make theirs, elsewhere, and leave it alone.
packages_apt() {
  echo libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils ovmf swtpm swtpm-tools dbus
  [ "$1" = run ] || echo appstream librsvg2-bin lintian rpm man-db
  echo gcc libc6-dev pkg-config libgtk-3-dev libwebkit2gtk-4.1-dev
  echo cpio e2fsprogs xz-utils zstd
  ! without_systemd || ! is_root || echo tini
  [ "$1" = run ] || echo git bzip2 curl virtinst python3-gi gir1.2-gtk-3.0 libxml2-utils xvfb openbox xdotool x11-utils xsettingsd xclip chromium chromium-headless-shell imagemagick dbus-x11 fonts-dejavu-core shellcheck postgresql docker-compose dunst xmlstarlet tigervnc-viewer xorriso mtools mmdebstrap openssh-client desktop-file-utils xfce4-panel xfce4-notifyd libglib2.0-bin weston
  [ "$1" = run ] || is_root || echo fakeroot uidmap
  [ "$1" != bench ] || echo virt-manager wrk
}

packages_dnf() {
  echo libvirt-daemon-kvm libvirt-client qemu-img edk2-ovmf swtpm swtpm-tools dbus-daemon
  [ "$1" = run ] || echo appstream librsvg2-tools lintian dpkg rpm man-db
  echo gcc pkgconf-pkg-config gtk3-devel webkit2gtk4.1-devel
  [ "$1" = run ] || echo git bzip2 curl virt-install python3-gobject libxml2 xorg-x11-server-Xvfb openbox xdotool xprop xsettingsd xclip chromium ImageMagick dbus-x11 dejavu-sans-fonts ShellCheck postgresql-server docker-compose dunst xmlstarlet tigervnc xorriso mtools mmdebstrap fakeroot openssh-clients desktop-file-utils xfce4-panel xfce4-notifyd glib2 weston
  [ "$1" != bench ] || echo virt-manager wrk
}

packages_pacman() {
  echo libvirt qemu-base qemu-img edk2-ovmf swtpm dbus
  [ "$1" = run ] || echo appstream librsvg dpkg rpm-tools man-db
  echo gcc pkgconf gtk3 webkit2gtk-4.1
  [ "$1" = run ] || echo git bzip2 curl virt-install python-gobject libxml2 xorg-server-xvfb openbox xdotool xorg-xprop xsettingsd xclip chromium imagemagick ttf-dejavu shellcheck postgresql docker-compose dunst xmlstarlet tigervnc libisoburn mtools fakeroot openssh desktop-file-utils xfce4-panel xfce4-notifyd glib2 weston
  [ "$1" != bench ] || echo virt-manager wrk
}

# missing_X prints the packages of its arguments that are not installed. Each of the
# queries fails where one is missing, which is no failure here.
missing_apt() {
  { dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null || true; } |
    awk -v wanted="$*" '/^ii/ { have[$2] = 1 }
      END { n = split(wanted, list, " "); for (i = 1; i <= n; i++) if (!(list[i] in have)) print list[i] }'
}
missing_dnf() { { rpm -q --whatprovides "$@" || true; } | sed -n 's/^no package provides //p'; }
missing_pacman() { pacman -T "$@" || true; }

install_apt() {
  as_root apt-get -o DPkg::Lock::Timeout=60 update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=60 install -y --no-install-recommends "$@"
}
install_dnf() { as_root dnf install -y "$@"; }
install_pacman() { as_root pacman -S --needed --noconfirm "$@"; }

# by_hand is how someone else who is root installs packages.
by_hand() { # MANAGER PACKAGES
  # shellcheck disable=SC2086 # the packages are words
  case $1 in
    apt) echo 'apt-get update && apt-get install -y --no-install-recommends' $2 ;;
    dnf) echo 'dnf install' $2 ;;
    pacman) echo 'pacman -S --needed' $2 ;;
  esac
}

# as_root runs a command as root, and says which one before it does. The log is added to:
# apt-get update ends well without a network, and install then finds no package.
as_root() {
  local command=("$@")
  is_root || command=(sudo "$@")
  say "running: ${command[*]}"
  "${command[@]}" 2>&1 | tee -a "$log" >&2 || explain "${command[*]}"
}

# explain turns the last words of a package manager into a cause and a remedy.
explain() { # COMMAND
  if grep -q -i -E 'could not get lock|is another process using|waiting for cache lock|unable to lock database' "$log"; then
    fail 1 'another program is installing packages' 'wait until it has ended, then run this again'
  elif grep -q -i -E 'temporary failure resolving|could not (resolve|connect)|unable to connect|connection (failed|timed out|refused)|network is unreachable' "$log"; then
    fail 1 'the package servers cannot be reached' 'check the network, then run this again'
  elif grep -q -i -E 'sudoers|password is required|incorrect password|not allowed' "$log"; then
    fail 1 'sudo did not let you do this' "ask someone who may, to run: $by_hand"
  elif grep -q -i -E 'unable to locate package|no installation candidate|no match for argument|target not found' "$log"; then
    fail 1 'this release does not have all the packages' 'Debian 12 or newer, or Ubuntu 24.04 or newer, has them'
  fi
  fail 1 'the packages could not be installed' "see above, mend it, and run: $1"
}

# install_packages installs what is missing, with the package manager that is there.
install_packages() { # run|test|bench
  local manager missing
  for manager in apt:apt-get dnf:dnf pacman:pacman none:true; do
    has "${manager#*:}" && break
  done
  manager=${manager%:*}
  [ "$manager" != none ] || fail 1 'this system has no package manager that is known here' \
    "install what these are on Debian: $(packages_apt "$1" | tr '\n' ' ')"
  # shellcheck disable=SC2046 # the packages are words
  missing=$("missing_$manager" $("packages_$manager" "$1"))
  [ -n "$missing" ] || return 0
  say "missing: $(echo "$missing" | tr '\n' ' ')"
  ready=no
  [ "$check" = no ] || return 0
  [ "$manager" = apt ] || say 'the package names for this system are untested'
  by_hand=$(by_hand "$manager" "$missing")
  is_root || has sudo || fail 1 'this needs root, and there is no sudo' "as root: $by_hand"
  # shellcheck disable=SC2086 # the packages are words
  "install_$manager" $missing
  ready=yes
}

# open_kvm does what udev does where there is no udev. A /dev/kvm that is root's alone makes
# libvirt examine QEMU anew at every call, which takes seconds.
open_kvm() {
  { is_root && without_systemd && [ -c /dev/kvm ] && getent group kvm >/dev/null; } || return 0
  [ "$(stat -c %U:%G:%a /dev/kvm)" = root:root:600 ] || return 0
  say 'not accessible to QEMU: /dev/kvm'
  ready=no
  [ "$check" = no ] || return 0
  chgrp kvm /dev/kvm
  chmod 0660 /dev/kvm
  ready=yes
}

# open_tpms gives the authority that signs the TPMs of nodes to whom the package made its folder
# for. A libvirt that was started before has run swtpm as root, and nobody else could use it then.
open_tpms() {
  local authority=/var/lib/swtpm-localca
  { is_root && [ -d "$authority" ]; } || return 0
  [ -n "$(find "$authority" ! -user "$(stat -c %U "$authority")" -print -quit)" ] || return 0
  say "not accessible to swtpm: $authority"
  ready=no
  [ "$check" = no ] || return 0
  chown -R --reference="$authority" "$authority"
  ready=yes
}

# start_libvirt starts the system's libvirt for root. An ordinary user has one of their own,
# which libvirt starts when it is asked for.
start_libvirt() {
  is_root || return 0
  local daemon
  for daemon in virtlogd libvirtd; do
    ! is_running "$daemon" || continue
    say "not running: $daemon"
    ready=no
    [ "$check" = no ] || continue
    start_daemon "$daemon"
    ready=yes
  done
}

is_running() {
  if without_systemd; then
    [ -r "/run/$1.pid" ] && kill -0 "$(cat "/run/$1.pid")" 2>/dev/null
  else
    systemctl --quiet is-active "$1.socket" "$1.service" 2>/dev/null
  fi
}

# start_daemon starts a daemon and waits until it listens. Below tini, because virtual machines
# become orphans, and not every container's first process buries those at once.
start_daemon() {
  local socket=/run/libvirt/${1/libvirtd/libvirt}-sock
  if without_systemd; then
    rm -f "$socket"
    setsid tini -s -- "$1" </dev/null >"/run/$1.log" 2>&1 &
  else
    systemctl start "$1.socket"
  fi
  for _ in $(seq 100); do
    ! [ -S "$socket" ] || return 0
    sleep 0.1
  done
  fail 1 "$1 does not start" "run it by hand to see why: $1"
}

# install_fuzzer installs the fuzzer of the API's document, for the tests alone.
fuzzer=build/out/schemathesis fuzzer_version=4.32.5
install_fuzzer() {
  [ "$(cat "$fuzzer/version" 2>/dev/null)" != "$fuzzer_version" ] || return 0
  say "missing: schemathesis $fuzzer_version"
  ready=no
  [ "$check" = no ] || return 0
  rm -rf "$fuzzer"
  { python3 -m venv "$fuzzer" && "$fuzzer/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$fuzzer_version"; } >&2 ||
    fail 1 'schemathesis could not be installed' "see above, mend it, and run: build/setup.sh test"
  echo "$fuzzer_version" >"$fuzzer/version"
  ready=yes
}

check=no ready=yes what=run
for argument; do
  case $argument in
    --check) check=yes ;;
    run | test | bench) what=$argument ;;
    *) fail 2 "unknown argument: $argument" 'usage: build/setup.sh [--check] [run|test|bench]' ;;
  esac
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
check_go
check_node
install_packages "$what"
open_kvm
open_tpms
start_libvirt
[ "$what" != test ] || install_fuzzer
[ "$ready" = yes ]
