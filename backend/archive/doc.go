// Package archive is the format of a backup: what `sandboxlabs backup` writes and
// `sandboxlabs restore` reads. It knows the format, not where files come from.
//
// A backup is one stream of Zstandard (RFC 8878; any number of frames, a window of
// 8 MiB at most) that holds a tar archive (POSIX.1-2001: ustar, and a pax record
// "size" for a file of 8 GiB or more). Every member is a regular file of mode 0600
// and of no owner. They come in this order, and there are no others:
//
//	manifest.json               the Manifest as JSON, at most 16 MiB
//	nodes/<UUID>/disk.qcow2     for each node of the manifest, in its order:
//	nodes/<UUID>/variables        its overlay, and the variables of its UEFI if it has any
//	images/<SHA-256>            for each image of the manifest that is in the archive
//	SHA256SUMS                  for each member above, in that order, a line of sha256sum(1):
//	                              64 lower-case hex digits, two spaces, the name, a line feed
//
// Two blocks of 512 zero bytes follow, and then the end of the stream. The sums come
// last because nothing is read twice: a reader knows with the last byte, and not
// before, that everything is whole. The sizes of all members are in the manifest, and
// a member of another size is refused, so that a small file can not become a large
// one unannounced. Anyone can look into it, and check it, without this program:
//
//	tar --zstd -xf FILE && sha256sum -c SHA256SUMS
//
// The overlay of a node is a qcow2 file (QEMU's docs/interop/qcow2.txt) whose backing
// file is named as it was where the backup was made; whoever restores it has to write
// the name of its own base there. The manifest holds the specs whole, with hashes of
// passwords and keys in them: a backup is as secret as they are.
package archive
