package images

import (
	"context"
	"fmt"

	"sandboxlabs/backend/lab"
)

// Probe implements lab.Library.
func (l *Library) Probe(ctx context.Context, path string) (lab.Probe, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return lab.Probe{}, err
	}
	s, err := openSource(path)
	if err != nil {
		return lab.Probe{}, err
	}
	defer s.close()
	p := lab.Probe{
		Path: path, Name: lab.SuggestName(path), Kind: kindOf(s.format), Format: s.format, Bytes: s.info.Size(),
		VirtualBytes: s.virtualBytes, Defaults: s.appliance.defaults, Notes: s.appliance.notes(),
	}
	switch {
	case s.packing != none:
		p.Format, p.Notes = s.packing, append(p.Notes, "What is in it shows when it is unpacked.")
		return p, nil
	case s.appliance.disk != "":
		p.Format = "ova, " + s.format
		if s.format == ovf || s.appliance.packing != none {
			p.Format = ovf
			return p, nil
		}
	}
	if p.VirtualBytes == 0 {
		p.VirtualBytes, err = s.input().virtualSize(ctx)
	}
	if s.format == raw {
		p.Notes = append(p.Notes, fmt.Sprintf("It is converted to qcow2: nothing is kept of what is empty in its %s.", lab.Size(p.Bytes)))
	}
	return p, s.refuse(err)
}
