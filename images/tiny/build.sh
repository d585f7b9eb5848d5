#!/usr/bin/env bash
# Builds the tiny guest: a Debian kernel and BusyBox in a qcow2 file of some 15 MiB, or the
# same on an ISO that boots by BIOS and by UEFI, and lives in memory.
#
#   images/tiny/build.sh OUT.qcow2|OUT.iso
#
# It works as an ordinary user and installs nothing: the packages are downloaded by
# apt, checked by it, and only unpacked. The same packages give the same file, byte
# for byte. They are kept under $XDG_CACHE_HOME/sandboxlabs.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sandboxlabs/tiny

# Everything that would differ from one build to the next is fixed here.
export SOURCE_DATE_EPOCH=1735689600 # 2025-01-01
export E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH
export LC_ALL=C TZ=UTC PATH=$PATH:/usr/sbin:/sbin
readonly uuid=5a4db0c5-0000-4000-8000-000000000001

# The disk, in sectors of 512 bytes: MBR and GRUB, the kernel and its initramfs, one partition.
# The cloud guest, which is built by the same functions, says otherwise for some of this.
disk_sectors=$((256 * 2048))
readonly kernel_sector=2048 partition_sector=$((32 * 2048))

# Under emulation each of these saves between 0.1 and 1 s.
kernel_arguments='root=/dev/vda1 quiet loglevel=3 console=ttyS0 console=tty0
  mitigations=off nokaslr no_timer_check random.trust_cpu=on cryptomgr.notests'

die() {
  printf 'build.sh: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '  %s\n' "$2" >&2
  exit 1
}

# need_tools names every missing tool at once, with the package that has it.
need_tools() {
  local missing=() pair
  for pair in apt-get:apt dpkg-deb:dpkg cpio:cpio xz:xz-utils zstd:zstd "$@"; do
    command -v "${pair%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "${missing[0]}" != apt ] || die 'the tiny guest is built from Debian packages, and this system has no apt' \
    'build it on Debian or Ubuntu, or add any other qcow2 image: sandboxlabs image add PATH'
  die 'tools are missing' "sudo apt-get install ${missing[*]}"
}

# kernel_packages prints the packages that hold the newest kernel for virtual machines:
# Debian's cloud kernel, or Ubuntu's, which has its modules in a package of their own.
kernel_packages() {
  apt-cache depends --recurse --important linux-image-cloud-amd64 linux-image-virtual 2>/dev/null |
    grep -E '^linux-(image|modules)-[0-9]' || die 'apt knows no kernel package' 'sudo apt-get update'
}

# unpack_packages downloads what the cache lacks, and unpacks all into the directory $1.
unpack_packages() {
  local names uri file sum kept=()
  mapfile -t names < <(kernel_packages)
  [ ${#names[@]} -gt 0 ] || exit 1
  names+=(busybox-static grub-pc-bin grub-efi-amd64-bin grub-common)
  mkdir -p "$cache" "$1"
  apt-get download --print-uris "${names[@]}" >"$1.uris" 2>"$1.log" ||
    die "apt does not know a package: $(tail -n 1 "$1.log")" 'sudo apt-get update'
  while read -r uri file _ sum; do
    : "$uri"
    kept+=(! -name "$file")
    echo "${sum#SHA256:}  $cache/$file" | sha256sum --check --status 2>/dev/null || fetch "${file%%_*}"
    dpkg-deb --extract "$cache/$file" "$1"
  done <"$1.uris"
  [ -e "$1/bin" ] || ln -s usr/bin "$1/bin" # from Debian 13 on
  find "$cache" -name '*.deb' "${kept[@]}" -delete
}

# fetch goes through a directory of its own, so that two builds may share the cache.
fetch() {
  local dir
  dir=$(mktemp -d "$cache/fetch.XXXXXX")
  (cd "$dir" && apt-get download -q -o APT::Sandbox::User=root "$1" >apt.log 2>&1) ||
    die "cannot download $1: $(tail -n 1 "$dir/apt.log")" 'is the network there? otherwise: sudo apt-get update'
  mv "$dir"/*.deb "$cache"
  rm -r "$dir"
}

# with_dependencies prints the files of the kernel modules $2... in load order, from the
# modules.dep in $1. A module that is built into the kernel is not in it, and not missed.
with_dependencies() {
  awk -v names="${*:2}" '
    { path = $1; sub(":", "", path); $1 = ""; needs[path] = $0
      name = path; sub(".*/", "", name); sub("[.]ko$", "", name); gsub("-", "_", name); where[name] = path }
    function load(path,  list, n, i) {
      if (path in done) return
      done[path] = 1
      n = split(needs[path], list, " ")
      for (i = 1; i <= n; i++) load(list[i])
      print path
    }
    END { n = split(names, list, " "); for (i = 1; i <= n; i++) if (list[i] in where) load(where[list[i]]) }
  ' "$1/modules.dep"
}

# boot_modules are needed to reach the disk; guest_modules are for BusyBox's brctl, vconfig
# and tunctl, for the power button, and for the devices that libvirt gives a guest.
boot_modules='virtio_pci virtio_blk'
readonly guest_modules='virtio_net virtio_rng virtio_balloon virtio_console button evdev bridge 8021q tun'

# find_modules sets modules, the directory of the unpacked kernel's modules, and describes them there.
find_modules() { # PACKAGES
  local packages=$1 base
  base=$(find "$packages" -type d -path '*/lib/modules' | head -n 1)
  modules=$(find "$base" -mindepth 1 -maxdepth 1 -type d | sort | tail -n 1)
  find "$modules" -name '*.ko.xz' -exec xz -d {} +
  find "$modules" -name '*.ko.zst' -exec zstd -q -d --rm {} +
  "$packages"/bin/busybox depmod -b "${base%/lib/modules}" "${modules##*/}"
}

# make_initramfs packs what reaches the disk: BusyBox, the modules in order, and init.
make_initramfs() { # PACKAGES TREE OUT
  local packages=$1 tree=$2
  mkdir -p "$tree"/{bin,dev,root}
  cp "$here/initramfs/init" "$tree/init"
  cp "$packages/bin/busybox" "$tree/bin/busybox"
  for applet in sh mount insmod switch_root; do
    ln -s busybox "$tree/bin/$applet"
  done
  pack "$tree" "$3"
}

# make_live packs the whole guest, which then stays where it is.
make_live() { # TREE OUT
  cp "$here/live/init" "$1/init"
  pack "$1" "$2"
}

# pack makes an initramfs of a tree and of the modules that reach the disk, in their order.
pack() { # TREE OUT
  local tree=$1 module
  mkdir -p "$tree/lib/early"
  # shellcheck disable=SC2086 # the names are words
  with_dependencies "$modules" $boot_modules | while read -r module; do
    cp "$modules/$module" "$tree/lib/early"
    echo "${module##*/}"
  done >"$tree/lib/early/order"
  normalise "$tree"
  (cd "$tree" && find . | sort | cpio --quiet --create --format=newc --reproducible --owner=0:0) >"$2"
}

# normalise takes away what the clock and the umask of this user have put on a tree.
normalise() {
  chmod -R u=rwX,go=rX "$1"
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# make_root lays out the guest's own file system.
make_root() { # PACKAGES TREE
  local packages=$1 tree=$2 path module version=${modules##*/}
  mkdir -p "$tree"/{bin,sbin,usr/bin,usr/sbin,dev,proc,sys,run,tmp,root,mnt}
  cp "$packages/bin/busybox" "$tree/bin/busybox"
  "$tree/bin/busybox" --list-full | while read -r path; do
    [ -e "$tree/$path" ] || ln -s /bin/busybox "$tree/$path"
  done
  cp -R "$here/rootfs/." "$tree"
  ln -sf power "$tree/sbin/poweroff"
  ln -sf power "$tree/sbin/reboot"
  ln -sf power "$tree/sbin/halt"
  # shellcheck disable=SC2086 # the names are words
  with_dependencies "$modules" $guest_modules | while read -r module; do
    mkdir -p "$tree/lib/modules/$version/${module%/*}"
    cp "$modules/$module" "$tree/lib/modules/$version/$module"
  done
  "$packages"/bin/busybox depmod -b "$tree" "$version"
  sort -o "$tree/lib/modules/$version/modules.dep" "$tree/lib/modules/$version/modules.dep"
  rm -f "$tree/lib/modules/$version"/modules.{alias,symbols}
  normalise "$tree"
}

# make_filesystem writes a tree into an ext4 image through debugfs, which, unlike a mounted
# file system, needs no root, makes root the owner, and takes every time from the environment.
make_filesystem() { # TREE OUT
  local tree=$1 out=$2
  # The defaults of mke2fs change with the host; GRUB does not know all that they may bring.
  cat >"$out.conf" <<-'END'
	[fs_types]
	ext4 = {
	  features = ext_attr,dir_index,filetype,has_journal,extent,flex_bg,sparse_super,large_file,dir_nlink,extra_isize
	}
	small = {
	  blocksize = 4096
	  inode_size = 256
	  inode_ratio = 32768
	}
	END
  truncate -s $(((disk_sectors - partition_sector) * 512)) "$out"
  MKE2FS_CONFIG=$out.conf mke2fs -q -t ext4 -F -m 0 -J size=4 -L tiny -U "$uuid" \
    -E "hash_seed=$uuid,lazy_itable_init=0" "$out"
  debugfs_script "$tree" >"$out.script"
  debugfs -w -f "$out.script" "$out" >"$out.log" 2>"$out.errors"
  # debugfs exits 0 whatever happens, and greets on stderr.
  ! sed 1d "$out.errors" | grep . || die 'the file system could not be filled'
  e2fsck -f -n "$out" >"$out.log" 2>&1 || die "the file system came out damaged: $(tail -n 3 "$out.log")"
}

debugfs_script() { # TREE
  local type path target dir at=
  (cd "$1" && find . -mindepth 1 -printf '%y %p %l\n' | sort -k 2) | while read -r type path target; do
    dir=${path%/*}
    [ "$dir" = "$at" ] || echo "cd /$dir"
    at=$dir
    case $type in
      d) echo "mkdir ${path##*/}" ;;
      l) echo "symlink ${path##*/} $target" ;;
      f) echo "write $1/$path ${path##*/}" ;;
    esac
  done
}

# make_disk lays out a raw disk. The kernel and the initramfs lie outside the file system, because
# GRUB reads a run of sectors in half the time that it needs for a file.
make_disk() { # PACKAGES INITRAMFS FILESYSTEM OUT
  local packages=$1 initramfs=$2 filesystem=$3 out=$4 initramfs_sector
  cp "$packages"/boot/vmlinuz-* "$out.kernel"
  # "Not relocatable" in the kernel's header: GRUB then loads it where it belongs. Otherwise it
  # loads it elsewhere and moves 53 MiB byte by byte, which takes 1.7 s under emulation.
  poke "$out.kernel" $((0x234)) '\0'
  initramfs_sector=$((kernel_sector + $(sectors "$out.kernel")))
  [ $((initramfs_sector + $(sectors "$initramfs"))) -le $partition_sector ] || die 'the kernel does not fit before the partition'
  make_loader "$packages" "$out.loader" <<-END
	linux (hd0)$kernel_sector+$(sectors "$out.kernel") ${kernel_arguments//$'\n'/}
	initrd (hd0)$initramfs_sector+$(sectors "$initramfs")
	boot
	END
  truncate -s $((disk_sectors * 512)) "$out"
  write_at "$out" 0 "$out.loader"
  write_at "$out" $kernel_sector "$out.kernel"
  write_at "$out" $initramfs_sector "$initramfs"
  write_at "$out" $partition_sector "$filesystem"
}

# make_loader makes MBR, partition table and GRUB, which runs the commands on stdin.
make_loader() { # PACKAGES OUT
  local grub=$1/usr/lib/grub/i386-pc out=$2
  cat >"$out.cfg"
  "$1/usr/bin/grub-mkimage" -O i386-pc -d "$grub" -p '(hd0)' -c "$out.cfg" -o "$out.core" biosdisk linux boot
  [ "$(sectors "$out.core")" -lt $kernel_sector ] || die 'the boot loader does not fit before the kernel'
  {
    head -c 440 "$grub/boot.img"
    printf 'tiny\0\0\x80\xfe\xff\xff\x83\xfe\xff\xff'
    little_endian $partition_sector
    little_endian $((disk_sectors - partition_sector))
    head -c 48 /dev/zero
    printf '\x55\xaa'
    cat "$out.core"
  } >"$out"
}

# make_iso lays out an ISO with a loader for each firmware: GRUB, and for UEFI in a FAT image,
# which is what that looks for.
make_iso() { # PACKAGES INITRAMFS OUT
  local packages=$1 out=$3 tree=$3.tree grub=$1/usr/lib/grub
  mkdir -p "$tree/boot"
  cp "$packages"/boot/vmlinuz-* "$tree/boot/kernel"
  poke "$tree/boot/kernel" $((0x234)) '\0' # as in make_disk
  cp "$2" "$tree/boot/initramfs"
  cat >"$out.cfg" <<-END
	search --no-floppy --file --set=root /boot/initramfs
	linux /boot/kernel ${kernel_arguments//$'\n'/}
	initrd /boot/initramfs
	boot
	END
  local with=(search search_fs_file iso9660 linux boot)
  "$packages/usr/bin/grub-mkimage" -O i386-pc-eltorito -d "$grub/i386-pc" -p /boot -c "$out.cfg" -o "$tree/boot/bios.img" biosdisk "${with[@]}"
  "$packages/usr/bin/grub-mkimage" -O x86_64-efi -d "$grub/x86_64-efi" -p /boot -c "$out.cfg" -o "$out.efi" "${with[@]}"
  mformat -C -f 2880 -N 0 -i "$tree/boot/uefi.img" ::
  mmd -i "$tree/boot/uefi.img" ::EFI ::EFI/BOOT
  mcopy -i "$tree/boot/uefi.img" "$out.efi" ::EFI/BOOT/BOOTX64.EFI
  normalise "$tree"
  xorriso -as mkisofs -quiet -R -V TINY -o "$out" \
    -b boot/bios.img -no-emul-boot -boot-load-size 4 -boot-info-table --grub2-boot-info \
    -eltorito-alt-boot -e boot/uefi.img -no-emul-boot "$tree" 2>"$out.log" || die "the ISO could not be made: $(tail -n 3 "$out.log")"
}

sectors() { # FILE
  echo $((($(stat -c %s "$1") + 511) / 512))
}

write_at() { # DISK SECTOR FILE
  dd if="$3" of="$1" bs=64K seek=$(($2 * 512)) oflag=seek_bytes conv=notrunc,sparse status=none
}

poke() { # FILE OFFSET ESCAPED-BYTES
  # shellcheck disable=SC2059 # the format is the bytes
  printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

little_endian() {
  local n=$1 i
  for i in 0 8 16 24; do
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\x$(printf %02x $((n >> i & 255)))"
  done
}

main() {
  if [ $# -ne 1 ] || [ "${1#-}" != "$1" ]; then
    die 'one argument is needed' 'usage: build.sh OUT.qcow2|OUT.iso'
  fi
  local out=$1 modules
  case $out in
    *.iso) need_tools xorriso:xorriso mformat:mtools ;;
    *) need_tools mke2fs:e2fsprogs debugfs:e2fsprogs qemu-img:qemu-utils ;;
  esac
  work=$(mktemp -d "${TMPDIR:-/tmp}/tiny.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$(dirname "$out")"

  unpack_packages "$work/packages"
  find_modules "$work/packages"
  make_root "$work/packages" "$work/root"
  if [ "${out##*.}" = iso ]; then
    make_live "$work/root" "$work/initramfs"
    make_iso "$work/packages" "$work/initramfs" "$work/iso"
    cp "$work/iso" "$out.part"
  else
    make_filesystem "$work/root" "$work/filesystem"
    make_initramfs "$work/packages" "$work/early" "$work/initramfs"
    make_disk "$work/packages" "$work/initramfs" "$work/filesystem" "$work/disk"
    qemu-img convert -m 1 -c -o compression_type=zstd -O qcow2 "$work/disk" "$out.part"
  fi
  chmod 0444 "$out.part"
  mv -f "$out.part" "$out"
}

[ "${BASH_SOURCE[0]}" != "$0" ] || main "$@"
