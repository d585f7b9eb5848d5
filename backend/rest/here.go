package rest

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

type hereKey struct{}

// here notes whether a request is made by the person at this computer, who may
// name files of it: by the socket, or by a page of this computer. A token may come
// from anywhere, and so may what a proxy passes on, by another name or saying so.
func here(ctx context.Context, r *http.Request) context.Context {
	passedOn := r.Header.Get("Forwarded") != "" || r.Header.Get("X-Forwarded-For") != ""
	page := r.Context().Value(tokenKey{}) == nil && loopback(withPort(r.Host)) && loopback(r.RemoteAddr) && !passedOn
	return context.WithValue(ctx, hereKey{}, page || fromSocket(r))
}

// naming is a verb whose argument may name files and folders of this computer,
// which paths gives. From elsewhere only what was sent may be named.
func naming[In, Out any](s *Server, do func(*service.Service, context.Context, In) (Out, error), paths func(In) []string) verb {
	return one(func(svc *service.Service, ctx context.Context, in In) (out Out, err error) {
		if ctx.Value(hereKey{}) == false && slices.ContainsFunc(paths(in), func(p string) bool { return p != "" && !s.sent(p) }) {
			return out, lab.Errorf(lab.KindDenied, "files and folders of this computer can be named only by who is at it").
				WithHint("Send the file itself, or name it on the command line of that computer.")
		}
		return do(svc, ctx, in)
	})
}

// ownVerbs are the verbs that may name files.
func (s *Server) ownVerbs() map[string]verb {
	return map[string]verb{
		"AddImage":       naming(s, s.addImage, func(in service.AddImageInput) []string { return []string{in.Path} }),
		"ProbeImage":     naming(s, (*service.Service).ProbeImage, func(path string) []string { return []string{path} }),
		"ChangeSettings": naming(s, (*service.Service).ChangeSettings, pathsSet),
		"Create":         naming(s, (*service.Service).Create, pathsOfKeys),
	}
}

// pathsSet gives what a change of settings makes of those that are of this
// computer: folders, files of keys, and the libvirt that has the nodes.
func pathsSet(change lab.SettingsChange) []string {
	keys := strings.Split(change.Set["first_boot.ssh_keys"], "\n")
	return append(slices.DeleteFunc(keys, isKey), change.Set["pool.path"], change.Set["connect"])
}

func pathsOfKeys(in service.CreateInput) []string {
	if in.FirstBoot == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(in.FirstBoot.SSHKeys), isKey)
}

// isKey tells a key from the name of a file with keys.
func isKey(name string) bool { return !filepath.IsAbs(name) && !strings.HasPrefix(name, "~") }
