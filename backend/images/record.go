package images

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

const suffix = ".json"

// schema is the version of the records. It grows when a reader of the old ones
// would misunderstand the new.
const schema = 1

// record is what is kept of an image.
type record struct {
	Schema       int       `json:"schema"`
	Name         string    `json:"name"`
	Volume       string    `json:"volume"`
	SHA256       string    `json:"sha256"`
	Bytes        int64     `json:"bytes"`
	VirtualBytes int64     `json:"virtualBytes"`
	ModTime      time.Time `json:"modTime"` // of the volume, when it had this content
	AddedAt      time.Time `json:"addedAt"`

	Kind        lab.ImageKind `json:"kind,omitempty"` // empty in the records of the first versions: a base
	Compression string        `json:"compression,omitempty"`
	Defaults    lab.Defaults  `json:"defaults"`
	Origin      lab.Origin    `json:"origin"`

	Remade  bool   `json:"remade,omitempty"`  // compressed or grown: no other file has this content
	Former  string `json:"former,omitempty"`  // volume that this one took the place of, and that is to go
	Changed bool   `json:"changed,omitempty"` // a verification found that the volume of ModTime has another content
}

func newRecord(name, sha string, v lab.Volume, virtualBytes int64) record {
	return record{
		Schema: schema, Name: name, Volume: v.Name, SHA256: sha, Bytes: v.FileBytes,
		VirtualBytes: virtualBytes, ModTime: v.ModTime.UTC(), AddedAt: time.Now().UTC(),
	}
}

func (r record) image() lab.Image {
	return lab.Image{
		Name: r.Name, Kind: r.kind(), Volume: r.Volume, SHA256: r.SHA256, Bytes: r.Bytes, Defaults: r.Defaults, Origin: r.Origin,
		VirtualBytes: r.VirtualBytes, Compression: r.Compression, ModTime: r.ModTime, AddedAt: r.AddedAt, State: lab.ImageReady,
	}
}

func (r record) kind() lab.ImageKind { return cmp.Or(r.Kind, lab.ImageBase) }

// changed is the image of a record whose volume is not what it should be.
func (r record) changed(how string) lab.Image {
	problem := lab.Errorf(lab.KindUnavailable, "the file of the image %s, %s, %s", r.Name, r.Volume, how).
		WithHint("Add the image again under the same name from the file it was made of, or remove it.")
	if r.Remade {
		problem = problem.WithHint("It was made anew here: put its file back from a copy, or remove the image.")
	}
	image := r.image()
	image.State, image.Problem = lab.ImageChanged, lab.ProblemOf(problem)
	return image
}

func (l *Library) path(name string) string { return filepath.Join(l.dir, name+suffix) }

// maxBytes is far above any record.
const maxBytes = 1 << 20

// read gives a record. KindNotFound if there is none, KindInvalid if it can not
// be read or contradicts itself.
func (l *Library) read(name string) (record, error) {
	var r record
	content, err := durable.Read(l.path(name), maxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, lab.Errorf(lab.KindNotFound, "there is no image %s", name).WithHint("See which there are: sandboxlabs image ls.")
	}
	if err == nil {
		err = json.Unmarshal(content, &r)
	}
	if err == nil && (r.Schema != schema || r.Name != name || r.Bytes <= 0 || len(r.SHA256) != 64 || !r.fits(r.Volume)) {
		err = errors.New("its values contradict one another or this program is too old for it")
	}
	if err != nil {
		return record{}, lab.Errorf(lab.KindInvalid, "the record %s can not be read", l.path(name)).WithCause(err).
			WithHint("Add the image again under the same name from the file it was made of, or remove it.")
	}
	return r, nil
}

// fits reports whether a volume can be the record's. An image that was renamed
// has one that was named after its first name.
func (r record) fits(volume string) bool {
	kind, _, prefix, ok := lab.ParseImageVolume(volume)
	return ok && kind == r.kind() && strings.HasPrefix(r.SHA256, prefix)
}

// refersTo reports whether a record has a volume.
func refersTo(volume string) func(record) bool {
	return func(r record) bool { return r.Volume == volume }
}

// records gives the records that can be read, but for that of one name.
func (l *Library) records(but string) ([]record, error) {
	files, err := durable.Names(l.dir, suffix)
	if err != nil {
		return nil, err
	}
	var all []record
	for _, file := range files {
		name := strings.TrimSuffix(file, suffix)
		if r, err := l.read(name); err == nil && name != but {
			all = append(all, r)
		}
	}
	return all, nil
}

// drop deletes a volume, unless the record of an image of another name has it.
func (l *Library) drop(ctx context.Context, volume, name string) error {
	others, err := l.records(name)
	if err != nil || slices.ContainsFunc(others, refersTo(volume)) {
		return err
	}
	return l.pool.Delete(ctx, volume)
}

// write publishes an image. An unreadable record at its place is set aside. Its
// name must be reserved.
func (l *Library) write(r record) error {
	if _, err := l.read(r.Name); lab.KindOf(err) == lab.KindInvalid {
		if err := durable.SetAside(l.path(r.Name)); err != nil {
			return err
		}
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return lab.Errorf(lab.KindInternal, "can not write the record of %s as JSON", r.Name).WithCause(err)
	}
	return durable.Write(l.path(r.Name), append(content, '\n'))
}

// record reads a record, or makes it again from its volume if it is damaged.
func (l *Library) record(ctx context.Context, name string, volumes []lab.Volume) (record, error) {
	r, damage := l.read(name)
	if lab.KindOf(damage) != lab.KindInvalid {
		return r, damage
	}
	if _, err := l.adopt(ctx, name, volumes); err != nil {
		return record{}, damage
	}
	return l.read(name)
}

// adopt makes a record for the newest whole volume of a name that is no other
// image's, and gives its image. KindNotFound if there is none, KindBusy while the name is reserved.
func (l *Library) adopt(ctx context.Context, name string, volumes []lab.Volume) (lab.Image, error) {
	unlock, err := l.reserve(name)
	if err != nil {
		return lab.Image{}, err
	}
	defer unlock()
	if _, err := l.read(name); err == nil {
		return lab.Image{}, lab.Errorf(lab.KindBusy, "the image %s was just added", name)
	}
	others, err := l.records(name)
	if err != nil {
		return lab.Image{}, err
	}
	newestFirst := slices.SortedFunc(slices.Values(volumes), func(a, b lab.Volume) int { return b.ModTime.Compare(a.ModTime) })
	for _, v := range newestFirst {
		if slices.ContainsFunc(others, func(r record) bool { return r.Volume == v.Name || r.Former == v.Name }) {
			continue
		}
		r, err := l.recordOf(ctx, name, v)
		if lab.KindOf(err) == lab.KindNotFound {
			continue
		}
		if err == nil {
			err = l.write(r)
		}
		return r.at(v), err
	}
	return lab.Image{}, lab.Errorf(lab.KindNotFound, "there is no whole volume of the image %s", name)
}

// at is the image of a record whose volume is as it should be.
func (r record) at(v lab.Volume) lab.Image {
	image := r.image()
	image.Path, image.AllocatedBytes = v.Path, v.Bytes
	return image
}

// recordOf makes the record of a volume, if it is one of the image and its
// content has the checksum in its name; otherwise KindNotFound.
func (l *Library) recordOf(ctx context.Context, name string, v lab.Volume) (record, error) {
	kind, of, prefix, ok := lab.ParseImageVolume(v.Name)
	if !ok || of != name || v.Backing != "" {
		return record{}, lab.Errorf(lab.KindNotFound, "%s is no volume of the image %s", v.Name, name)
	}
	d, err := l.sums.of(ctx, v)
	if err != nil {
		return record{}, err
	}
	if d.sha[:len(prefix)] != prefix || kind == lab.ImageBase && d.flaw != nil {
		return record{}, lab.Errorf(lab.KindNotFound, "%s is not whole", v.Name)
	}
	r := newRecord(name, d.sha, v, d.virtualBytes)
	if r.Kind, r.Origin.Kind = kind, lab.OriginFound; kind == lab.ImageMedium {
		r.VirtualBytes = v.FileBytes
	}
	return r, nil
}

// judge compares a record with its volume. The time of one that was only
// touched is recorded, so that its content need not be read again.
func (l *Library) judge(ctx context.Context, r record, v lab.Volume) (lab.Image, error) {
	switch {
	case v.FileBytes != r.Bytes || v.Backing != "":
		return r.changed("was changed"), nil
	case v.ModTime.Equal(r.ModTime) && r.Changed:
		return r.changed("was changed"), nil
	case v.ModTime.Equal(r.ModTime):
		return r.at(v), nil
	}
	d, err := l.sums.of(ctx, v)
	if lab.KindOf(err) == lab.KindNotFound {
		return r.changed("is gone"), nil
	}
	if err != nil {
		return lab.Image{}, err
	}
	if d.sha != r.SHA256 {
		return r.changed("was changed"), nil
	}
	touched := r
	touched.ModTime, touched.Changed = v.ModTime.UTC(), false
	return touched.at(v), l.replace(r, touched)
}

// replace writes a record anew, unless somebody else is changing it or has.
func (l *Library) replace(was, is record) error {
	unlock, err := l.reserve(was.Name)
	if lab.KindOf(err) == lab.KindBusy {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	if now, err := l.read(was.Name); err != nil || now != was {
		return nil
	}
	return l.write(is)
}
