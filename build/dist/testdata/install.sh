#!/usr/bin/env bash
# Installs the package in a clean system, uses it as a person does, and purges it. What the
# person made has to be there after that, and nothing of the package.
#
#   unshare --mount --pid --fork --kill-child install.sh PACKAGE.deb BASE FOLDER VERSION
#
# It writes to FOLDER alone: BASE is below an overlay.
set -euo pipefail
deb=$1 base=$2 folder=$3 version=$4

fail() { printf 'install.sh: %s\n' "$1" >&2; exit 1; }

mount --make-rprivate /
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/upper" "$folder/work" "$folder/root"
root=$folder/root
mount -t overlay overlay -o "lowerdir=$base,upperdir=$folder/upper,workdir=$folder/work" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount -t tmpfs tmpfs "$root/run"
cp "$deb" "$root/sandboxlabs.deb"
in_root() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }
files() { (cd "$root" && find usr etc var/lib -xdev ! -path 'var/lib/dpkg/*' ! -path 'var/lib/libvirt/*' \( -type f -o -type l \) | sort); }

in_root useradd --create-home ann
install -d -o "$(stat -c %u "$root/home/ann")" -m 700 "$root/run/ann"
as_ann() {
  in_root setpriv --reuid=ann --regid=ann --init-groups \
    env HOME=/home/ann USER=ann XDG_RUNTIME_DIR=/run/ann SHELL=/bin/sh "$@"
}
files >"$folder/before"

in_root dpkg -i /sandboxlabs.deb
[ -z "$(in_root dpkg --audit)" ] || fail 'dpkg finds fault with what is installed'
said=$(as_ann sandboxlabs --version)
[ "$said" = "sandboxlabs $version" ] || fail "it says $said, not $version"
# The window's libraries are loaded by it alone, before it looks for a display.
said=$(as_ann sandboxlabs 2>&1) && fail 'there is a window without a display'
[[ $said = *'no display'* ]] || fail "without a display it says $said"

# Not all is well with a virtual machine in such a place, but libvirt has to be found.
as_ann sandboxlabs doctor --json >"$folder/doctor" || true
grep -q '"name": "libvirt"' "$folder/doctor" || fail "the doctor says: $(cat "$folder/doctor")"
as_ann qemu-img create -q -f qcow2 /home/ann/small.qcow2 8M
as_ann sandboxlabs image add /home/ann/small.qcow2
as_ann sandboxlabs node create web --image small
as_ann sandboxlabs autostart on
in_root find /home/ann ! -path '*/.cache/*' -type f -exec sha256sum {} + | grep -v '/log/\|/logs\?/\|\.log$' | sort >"$folder/kept"
grep -q 'libvirt/qemu/web.xml' "$folder/kept" || fail 'no node was made'

in_root dpkg --purge sandboxlabs
files >"$folder/after"
diff "$folder/before" "$folder/after" || fail 'the purge leaves files, or takes others away'
in_root find /home/ann ! -path '*/.cache/*' -type f -exec sha256sum {} + | grep -v '/log/\|/logs\?/\|\.log$' | sort >"$folder/left"
diff "$folder/kept" "$folder/left" || fail 'the purge changes what a person has'
state=$(as_ann virsh -q -c qemu:///session domstate web) || true
[ "${state%%$'\n'*}" = 'shut off' ] || fail "libvirt has lost the node: $state"
echo installed, used and purged
