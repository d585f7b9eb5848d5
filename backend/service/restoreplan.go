package service

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sandboxlabs/backend/archive"
	"sandboxlabs/backend/lab"
)

// restoring is one RestoreBackup under way.
type restoring struct {
	s        *Service
	in       RestoreInput
	manifest *archive.Manifest
	receiver lab.Receiver // nil: nothing is to be received
	nodes    []*restored
	images   map[string]lab.Image // of the library, by their volumes in the backup
	added    map[string]string    // names for those that are to be added, by their volumes in the backup
	made     []string             // IDs of the nodes that were
}

// restored is one node of it.
type restored struct {
	was  archive.Node
	spec lab.NodeSpec
}

// plan checks all that can be known before the disks are read.
func (p *restoring) plan(ctx context.Context) error {
	if err := p.choose(); err != nil {
		return err
	}
	if err := p.rename(); err != nil {
		return err
	}
	if err := p.refuseTaken(); err != nil {
		return err
	}
	if err := p.findImages(ctx); err != nil {
		return err
	}
	for _, n := range p.nodes {
		if err := n.spec.Check(); err != nil {
			return err
		}
		if err := p.s.checkHost(ctx, n.spec); err != nil {
			return err
		}
		if err := p.s.checkAbilities(ctx, n.spec); err != nil {
			return err
		}
	}
	return nil
}

// choose takes the nodes that are asked for.
func (p *restoring) choose() error {
	wanted := map[string]bool{}
	for _, ref := range p.in.Nodes {
		wanted[strings.ToLower(ref)], wanted[ref] = true, true
	}
	found := map[string]bool{}
	for _, n := range p.manifest.Nodes {
		found[n.Spec.Name], found[n.Spec.ID] = true, true
		if len(p.in.Nodes) == 0 || wanted[n.Spec.Name] || wanted[n.Spec.ID] {
			p.nodes = append(p.nodes, &restored{was: n, spec: n.Spec})
		}
	}
	for _, ref := range slices.Concat(p.in.Nodes, slices.Sorted(maps.Keys(p.in.Rename))) {
		if !found[ref] && !found[strings.ToLower(ref)] {
			return lab.Errorf(lab.KindNotFound, "there is no node %q in the backup", ref).WithHint("It holds %s.", strings.Join(p.names(), ", "))
		}
	}
	return nil
}

func (p *restoring) names() (all []string) {
	for _, n := range p.manifest.Nodes {
		all = append(all, n.Spec.Name)
	}
	return all
}

// rename makes the specs those that the nodes are to have here.
func (p *restoring) rename() error {
	taken := map[string]bool{}
	for _, n := range p.nodes {
		n.spec.Kept, n.spec.DeletedAt = nil, nil
		if to, ok := p.in.Rename[n.was.Spec.Name]; ok {
			n.spec.Name = to
		}
		if p.in.NewIDs {
			identify(&n.spec)
		}
		if p.in.NewIDs || n.spec.Name != n.was.Spec.Name {
			n.spec.FirstBoot = ownName(n.spec.FirstBoot)
		}
		if taken[n.spec.Name] {
			return lab.Errorf(lab.KindInvalid, "two nodes would be named %s", n.spec.Name).WithHint("Give each another name.")
		}
		taken[n.spec.Name] = true
	}
	return nil
}

// refuseTaken makes sure that nothing that is here would be replaced, and leaves
// out what is here if that is asked for.
func (p *restoring) refuseTaken() error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if p.in.Missing {
		p.nodes = slices.DeleteFunc(p.nodes, func(n *restored) bool { return p.s.nodes[n.spec.ID] != nil })
	}
	var here []string
	for _, n := range p.nodes {
		switch there := p.s.nodes[n.spec.ID]; {
		case there != nil && there.deleted():
			here = append(here, fmt.Sprintf("%s (deleted, can be brought back)", there.stored.Name))
		case there != nil:
			here = append(here, there.spec().Name)
		case p.s.checkFree(n.spec.Name, n.spec.ID) != nil:
			here = append(here, n.spec.Name+" (another node of that name)")
		}
	}
	if len(here) == 0 {
		return nil
	}
	return lab.Errorf(lab.KindExists, "a restore replaces nothing, and these are here: %s", strings.Join(here, ", ")).
		WithHint("Leave out what is here with --missing, choose with --node, or make copies beside them with --new-ids and --rename OLD=NEW.")
}

// findImages finds in the library what the nodes stand on.
func (p *restoring) findImages(ctx context.Context) error {
	var lacking, pulls []string
	for _, n := range p.nodes {
		for _, volume := range []string{n.spec.Base, n.spec.Medium} {
			image := p.manifest.ImageAt(volume)
			if volume == "" || p.images[volume].Name != "" || p.added[volume] != "" {
				continue
			}
			found, err := p.s.imageOfSum(ctx, image.SHA256)
			switch {
			case err == nil:
				p.images[volume] = found
			case lab.KindOf(err) != lab.KindNotFound:
				return err
			case image.File != nil:
				p.added[volume] = p.s.freeImageName(image.Name, image.SHA256)
			default:
				lacking = append(lacking, fmt.Sprintf("%s (SHA-256 %s)", image.Name, image.SHA256))
				pulls = append(pulls, wayTo(*image))
				p.added[volume] = image.Name // to be named once
			}
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	return lab.Errorf(lab.KindNotFound, "the library lacks what the nodes stand on: %s", strings.Join(lacking, ", ")).
		WithHint("Get exactly these: %s. Or make the backup again with --bases, which takes them along.", strings.Join(pulls, "; "))
}

// wayTo tells how one gets an image.
func wayTo(i archive.Image) string {
	switch i.Origin.Kind {
	case lab.OriginCatalogue:
		return "sandboxlabs image pull " + i.Origin.Of
	case lab.OriginAddress:
		return fmt.Sprintf("sandboxlabs image add %s --name %s", i.Origin.Of, i.Name)
	}
	return "sandboxlabs image add FILE --name " + i.Name
}

// imageOfSum gives the image of the library with a checksum, if it is as it was recorded.
func (s *Service) imageOfSum(ctx context.Context, sum string) (lab.Image, error) {
	s.mu.Lock()
	name := ""
	for n, i := range s.images {
		if i.record != nil && i.record.SHA256 == sum && !i.leaving() && (name == "" || n < name) {
			name = n
		}
	}
	s.mu.Unlock()
	if name == "" {
		return lab.Image{}, lab.Errorf(lab.KindNotFound, "there is no image with the checksum %s", sum)
	}
	return s.o.Library.Check(ctx, name)
}

// freeImageName gives a name that no other image has.
func (s *Service) freeImageName(name, sum string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := 8; s.images[name] != nil && n <= len(sum); n += 8 {
		name = fmt.Sprintf("%.40s-%s", name, sum[:n])
	}
	return name
}

// told tells what came of it.
func (p *restoring) told() Archived {
	a := Archived{Made: p.manifest.Made, Program: p.manifest.Program, Nodes: []ArchivedNode{}, Images: []ArchivedImage{}, DryRun: p.in.DryRun}
	for _, n := range p.nodes {
		t := ArchivedNode{ID: n.spec.ID, Name: n.spec.Name, Image: n.spec.Image, Bytes: n.was.Disk.Bytes, Running: n.was.Running, Frozen: n.was.Frozen}
		if n.was.Spec.Name != t.Name {
			t.Was = n.was.Spec.Name
		}
		a.Nodes = append(a.Nodes, t)
	}
	for _, volume := range slices.Sorted(maps.Keys(p.added)) {
		image := p.manifest.ImageAt(volume)
		a.Images = append(a.Images, ArchivedImage{Name: p.added[volume], SHA256: image.SHA256, Bytes: image.File.Bytes, Included: true})
	}
	return a
}
