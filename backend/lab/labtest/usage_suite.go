package labtest

import (
	"slices"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

// used gives what a domain has used, and whether it was told of.
func (r rig) used(id string) (lab.Usage, bool) {
	r.Helper()
	meter, ok := r.h.(lab.Meter)
	if !ok {
		r.Fatalf("%T is no lab.Meter", r.h)
	}
	all, err := meter.Usage(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	i := slices.IndexFunc(all, func(u lab.Usage) bool { return u.ID == id })
	if i < 0 {
		return lab.Usage{}, false
	}
	return all[i], true
}

func hypervisorUsage(r rig) {
	spec := r.defined("web")
	if u, ok := r.used(spec.ID); ok {
		r.Errorf("got %+v of a node that is off", u)
	}
	r.power(spec.ID, lab.PowerStart, lab.Running)
	first, ok := r.used(spec.ID)
	if !ok || time.Since(first.At) > time.Minute {
		r.Errorf("got %+v, %v, want the node, just now", first, ok)
	}
	second, _ := r.used(spec.ID)
	for _, grown := range [][2]int64{
		{first.CPUMillis, second.CPUMillis},
		{first.ReadBytes, second.ReadBytes},
		{first.WrittenBytes, second.WrittenBytes},
		{first.ReceivedBytes, second.ReceivedBytes},
		{first.SentBytes, second.SentBytes},
	} {
		if grown[0] < 0 || grown[1] < grown[0] {
			r.Errorf("got %+v and then %+v, want counters that grow", first, second)
		}
	}
	r.power(spec.ID, lab.PowerForceOff, lab.Stopped)
	if u, ok := r.used(spec.ID); ok {
		r.Errorf("got %+v of a node that is off again", u)
	}
}

func hypervisorInspect(r rig) {
	inspector, ok := r.h.(lab.Inspector)
	if !ok {
		r.Fatalf("%T is no lab.Inspector", r.h)
	}
	spec := r.defined("web")
	for _, action := range []lab.PowerAction{lab.PowerForceOff, lab.PowerStart} {
		if err := r.h.Power(r.Context(), spec.ID, action); err != nil {
			r.Fatal(err)
		}
		seen, err := inspector.Inspect(r.Context(), spec.ID)
		if err != nil || !strings.Contains(seen.XML, spec.ID) || strings.Contains(seen.XML, "passwd") || seen.Addresses == nil {
			r.Errorf("after %s: got %+v, %v, want its definition without passwords", action, seen, err)
		}
		for _, a := range seen.Addresses {
			if a.IP == "" || !slices.Contains(lab.AddressSources, a.Source) {
				r.Errorf("got address %+v, want one with its source", a)
			}
		}
		if action == lab.PowerForceOff && len(seen.Addresses) > 0 {
			r.Errorf("got %+v of a node that is off", seen.Addresses)
		}
	}
	_, err := inspector.Inspect(r.Context(), Spec("none").ID)
	mustBeKind(r.T, err, lab.KindNotFound)
}
