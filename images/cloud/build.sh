#!/usr/bin/env bash
# Builds the cloud guest: a small Debian with systemd, cloud-init and sshd, on a disk of some
# 250 MiB. It is a real client for first boots, made for the tests.
#
#   images/cloud/build.sh OUT.qcow2
#
# It works as root, and as an ordinary user where mmdebstrap can have a user namespace. Kernel
# and boot loader come as the tiny guest's do, by its functions. What was installed is kept
# under $XDG_CACHE_HOME/sandboxlabs.
set -euo pipefail

cloud=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=images/tiny/build.sh
source "$cloud/../tiny/build.sh"

# Under emulation every unit, every module and every package costs time: these do.
# - A machine-id and the marks of an update that is done: systemd takes no inventory.
# - No udev: the initramfs loads what there are devices for, and the getty is the console's.
# - Of cloud-init the two stages that make accounts; the others would start Python twice more.
readonly include=systemd-sysv,cloud-init,openssh-server,iproute2,procps
boot_modules='virtio_pci virtio_blk virtio_net virtio_rng isofs'
kernel_arguments="${kernel_arguments/console=ttyS0 console=tty0/console=tty0 console=ttyS0}"
disk_sectors=$((1024 * 2048))
readonly masked='cloud-config.service cloud-final.service apt-daily.timer apt-daily-upgrade.timer
  e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer systemd-update-utmp.service
  systemd-update-utmp-runlevel.service systemd-journal-flush.service systemd-random-seed.service
  getty@tty1.service getty-static.service systemd-binfmt.service systemd-modules-load.service'

# tree gives the installed packages, which takes most of the time: from the cache, as long as
# neither this recipe nor apt's lists have changed.
tree() { # OUT.tar
  local folder=${cache%/*}/cloud key
  key=$({ cat "$cloud/build.sh" && find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -exec cat {} +; } | sha256sum | head -c 16)
  if [ ! -e "$folder/$key.tar.zst" ]; then
    install_packages "$1"
    mkdir -p "$folder"
    zstd -q -f "$1" -o "$folder/$key.$$"
    mv "$folder/$key.$$" "$folder/$key.tar.zst"
    find "$folder" -name '*.tar.zst' ! -name "$key.tar.zst" -delete
    return
  fi
  zstd -q -d "$folder/$key.tar.zst" -o "$1"
}

install_packages() { # OUT.tar
  mmdebstrap --quiet --variant=minbase --include="$include" --format=tar \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/i18n/*' \
    "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" "$1" >"$1.log" 2>&1 ||
    die "mmdebstrap failed: $(tail -n 3 "$1.log")" 'is the network there? as an ordinary user it needs newuidmap: sudo apt-get install uidmap'
}

# furnish adds what belongs to no package.
furnish() { # TREE
  local unit
  cp -R "$cloud/rootfs/." "$1"
  for unit in $masked; do
    ln -sf /dev/null "$1/etc/systemd/system/$unit"
  done
  mkdir -p "$1/etc/systemd/system/getty.target.wants"
  ln -sf /lib/systemd/system/console-getty.service "$1/etc/systemd/system/getty.target.wants/console-getty.service"
  rm -f "$1"/etc/ssh/ssh_host_* "$1/etc/hostname"
  echo 5a4db0c5000040008000000000000002 >"$1/etc/machine-id"
  touch "$1/etc/.updated" "$1/var/.updated"
}

# make_filesystem is run as root, or by fakeroot for somebody who is not.
make_filesystem() { # TAR TREE OUT
  mkdir "$2"
  tar -x -f "$1" -C "$2" --exclude='./dev/*'
  furnish "$2"
  truncate -s $(((disk_sectors - partition_sector) * 512)) "$3"
  mke2fs -q -t ext4 -F -m 0 -O ^metadata_csum,^64bit -L cloud -d "$2" "$3"
}

main() {
  if [ $# -ne 1 ] || [ "${1#-}" != "$1" ]; then
    die 'one argument is needed' 'usage: build.sh OUT.qcow2'
  fi
  local out=$1 modules fake=()
  [ "$(id -u)" -eq 0 ] || fake=(fakeroot --)
  need_tools mmdebstrap:mmdebstrap mke2fs:e2fsprogs qemu-img:qemu-utils ${fake:+fakeroot:fakeroot}
  work=$(mktemp -d "${TMPDIR:-/tmp}/cloud.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$(dirname "$out")"

  tree "$work/root.tar" &
  local installed=$!
  unpack_packages "$work/packages"
  find_modules "$work/packages"
  make_initramfs "$work/packages" "$work/early" "$work/initramfs"
  wait "$installed"
  "${fake[@]}" bash "$cloud/build.sh" --filesystem "$work/root.tar" "$work/root" "$work/filesystem"
  make_disk "$work/packages" "$work/initramfs" "$work/filesystem" "$work/disk"
  qemu-img convert -O qcow2 "$work/disk" "$out.part"
  chmod 0444 "$out.part"
  mv -f "$out.part" "$out"
}

if [ "${1:-}" = --filesystem ]; then
  make_filesystem "${@:2}"
else
  main "$@"
fi
