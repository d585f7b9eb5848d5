package cli

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestServe(t *testing.T) {
	d := mustDesk(t)
	o := d.mustRun(t, "serve", "--listen", "127.0.0.1:0", "--listen", "192.0.2.1:443", "--socket", "s", "--host", "lab.example", "--tls-cert", "c", "--tls-key", "k")
	want := Serving{Listen: []string{"127.0.0.1:0", "192.0.2.1:443"}, Socket: "s", Hosts: []string{"lab.example"}, Cert: "c", Key: "k"}
	if !reflect.DeepEqual(d.served, want) {
		t.Errorf("serve is asked for %+v, want %+v", d.served, want)
	}
	if !strings.Contains(o.out, "http://127.0.0.1:3001/?token=x") || o.err != "" || d.browsed != nil {
		t.Errorf("serve prints %q and %q, and opens %v", o.out, o.err, d.browsed)
	}
	if got := d.run(t.Context(), "serve", "--tls-cert", "c").code; got != exitUsage {
		t.Errorf("a certificate without its key exits %d, want %d", got, exitUsage)
	}
}

func TestServeWarnsAndOpens(t *testing.T) {
	d := mustDesk(t)
	o := d.mustRun(t, "serve", "--no-auth", "--insecure", "--open")
	if !d.served.Anyone || !d.served.Insecure || !strings.Contains(o.err, "--no-auth") || !strings.Contains(o.err, "--insecure") {
		t.Errorf("serve is asked for %+v and warns %q", d.served, o.err)
	}
	if want := []string{"http://127.0.0.1:3001/?token=x"}; !slices.Equal(d.browsed, want) {
		t.Errorf("it opens %v, want %v", d.browsed, want)
	}
}

func TestToken(t *testing.T) {
	d := mustDesk(t)
	for ask, want := range map[string]string{
		"token show":            "rotated false\n",
		"token rotate":          "rotated true\n",
		"token link --socket s": "http://127.0.0.1/?token=s\n",
		"token link --open":     "http://127.0.0.1/?token=\n",
		"token show --json":     "{\n  \"token\": \"rotated false\"\n}\n",
	} {
		if got := d.mustRun(t, strings.Fields(ask)...).out; got != want {
			t.Errorf("%s prints %q, want %q", ask, got, want)
		}
	}
	if want := []string{"http://127.0.0.1/?token="}; !slices.Equal(d.browsed, want) {
		t.Errorf("token link --open opens %v, want %v", d.browsed, want)
	}
}
