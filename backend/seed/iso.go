package seed

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/diskfs/go-diskfs/backend/file"
	"github.com/diskfs/go-diskfs/filesystem/iso9660"

	"sandboxlabs/backend/lab"
)

// label is what cloud-init looks for among the disks.
const label = "CIDATA"

// pack makes an ISO 9660 file system of files. Their names are told by Rock Ridge:
// without it they would be cut short and in capitals.
func pack(files map[string][]byte) (content []byte, err error) {
	dir, err := os.MkdirTemp("", "sandboxlabs-seed-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tree, image := filepath.Join(dir, "tree"), filepath.Join(dir, "seed.iso")
	if err := os.Mkdir(tree, 0o700); err != nil {
		return nil, err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(tree, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	if err := write(image, tree); err != nil {
		return nil, err
	}
	content, err = os.ReadFile(image)
	return end(content), err
}

// sector is the unit of ISO 9660.
const sector = 2048

// end marks a file system as whole, behind it.
func end(content []byte) []byte {
	size := (len(content) + len(lab.SeedEnd) + sector - 1) / sector * sector
	whole := make([]byte, size)
	copy(whole, content)
	copy(whole[size-len(lab.SeedEnd):], lab.SeedEnd)
	return whole
}

// write makes the image of a tree.
func write(image, tree string) (err error) {
	f, err := os.OpenFile(image, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	disk, err := iso9660.Create(file.New(f, false), 0, 0, 0, tree)
	if err != nil {
		return err
	}
	return disk.Finalize(iso9660.FinalizeOptions{RockRidge: true, VolumeIdentifier: label})
}
