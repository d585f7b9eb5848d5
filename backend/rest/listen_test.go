package rest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

func TestListen(t *testing.T) {
	taken, err := Listen(t.Context(), Ports{Addresses: []string{"127.0.0.1:0"}})
	must(t, err)
	defer taken.Close()
	cert, key := mustCertificate(t, "lab.example")
	for _, c := range []struct {
		address string
		ports   Ports
		want    lab.Kind
	}{
		{"0.0.0.0:0", Ports{}, lab.KindInvalid},
		{":0", Ports{}, lab.KindInvalid},
		{"192.0.2.1:3001", Ports{}, lab.KindInvalid},
		{"192.0.2.1:3001", Ports{Insecure: true}, lab.KindInvalid}, // it is not ours
		{"example.org:80", Ports{}, lab.KindInvalid},
		{"127.0.0.1", Ports{}, lab.KindInvalid},
		{"127.0.0.1:http:x", Ports{}, lab.KindInvalid},
		{"127.0.0.1:99999", Ports{}, lab.KindInvalid},
		{taken.String(), Ports{}, lab.KindBusy},
		{"0.0.0.0:0", Ports{Insecure: true, Anyone: true}, lab.KindInvalid},
		{"0.0.0.0:0", Ports{Cert: cert, Key: key, Anyone: true}, lab.KindInvalid},
		{"127.0.0.1:0", Ports{Cert: cert, Key: cert}, lab.KindInvalid},
		{"127.0.0.1:0", Ports{Cert: "absent", Key: "absent"}, lab.KindInvalid},
		{"0.0.0.0:0", Ports{Insecure: true}, ""},
		{"0.0.0.0:0", Ports{Cert: cert, Key: key}, ""},
		{"127.0.0.1:0", Ports{Anyone: true}, ""},
	} {
		c.ports.Addresses = []string{c.address}
		d, err := Listen(t.Context(), c.ports)
		if got := lab.KindOf(err); got != c.want {
			t.Errorf("listening to %s with %+v gives %v, want %q", c.address, c.ports, err, c.want)
		}
		if err == nil {
			d.Close()
		}
	}
}

// serving serves until the test ends, and gives the link that it is ready with.
func (s *site) serving(t *testing.T, p Ports) (link string) {
	t.Helper()
	d, err := Listen(t.Context(), p)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	links, served := make(chan string, 1), make(chan error, 1)
	go func() { served <- s.server.Serve(ctx, d, func(link string) { links <- link }) }()
	t.Cleanup(func() {
		cancel()
		must(t, <-served)
	})
	return <-links
}

func TestSocket(t *testing.T) {
	s := mustSite(t)
	path := filepath.Join(t.TempDir(), "s")
	if link := s.serving(t, Ports{Socket: path}); link != "" {
		t.Errorf("without an address the link is %s", link)
	}
	info, err := os.Stat(path)
	must(t, err)
	if got, want := info.Mode().Perm(), os.FileMode(0o600); got != want {
		t.Errorf("the socket has mode %o, want %o", got, want)
	}
	s.browser.Transport = bySocket(path)
	s.URL = "http://anything"
	if got, want := s.mustCall(t, "List", "[]").body, "[]"; got != want {
		t.Errorf("a call by the socket gives %s, want %s", got, want)
	}
	if a := s.mustCall(t, "ProbeImage", `["/absent"]`); a.StatusCode == http.StatusForbidden {
		t.Errorf("a file named by the socket gives %d: %s", a.StatusCode, a.body)
	}
	if got, want := s.mustCall(t, "List", "[]", "Origin", "http://evil.example").StatusCode, http.StatusForbidden; got != want {
		t.Errorf("a foreign origin at the socket gives %d, want %d", got, want)
	}
	if got, want := s.mustGet(t, "/", "X-Long", strings.Repeat("x", 2*maxHeader)).StatusCode, http.StatusRequestHeaderFieldsTooLarge; got != want {
		t.Errorf("a long header gives %d, want %d", got, want)
	}
	if _, err := AskLink(t.Context(), path); lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("asking for a link without an address gives %v, want KindUnavailable", err)
	}
}

func bySocket(path string) http.RoundTripper {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}
}

func TestTwoAtOneSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first, err := Listen(t.Context(), Ports{Socket: path})
	must(t, err)
	if _, err := Listen(t.Context(), Ports{Socket: path}); lab.KindOf(err) != lab.KindBusy {
		t.Errorf("a second server gives %v, want KindBusy", err)
	}
	first.Close()
	first.Close() // again
	if _, err := os.Stat(path); err == nil {
		t.Error("a socket that was closed is still there")
	}
	// one that was killed leaves its own, without a lock
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	must(t, err)
	if _, err := Listen(t.Context(), Ports{Socket: path}); lab.KindOf(err) != lab.KindBusy {
		t.Errorf("a socket that somebody listens on gives %v, want KindBusy", err)
	}
	stale.SetUnlinkOnClose(false)
	must(t, stale.Close())
	second, err := Listen(t.Context(), Ports{Socket: path})
	if err != nil {
		t.Fatalf("a socket that was left gives %v", err)
	}
	second.Close()
}

func TestSocketWhereItCanNotBe(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), strings.Repeat("x", 120)), "/proc/s"} {
		if _, err := Listen(t.Context(), Ports{Socket: path}); err == nil {
			t.Errorf("%s can be listened on", path)
		}
	}
}

// By another address the page answers to the names of its certificate, and to
// those it is told.
func TestTLS(t *testing.T) {
	s := mustSite(t)
	cert, key := mustCertificate(t, "*.lab.example")
	s.server.hosts = []string{"bench.example"}
	link := s.serving(t, Ports{Addresses: []string{"127.0.0.1:0"}, Cert: cert, Key: key})
	pem, err := os.ReadFile(cert)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	s.browser.Transport = &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "one.lab.example"}}
	s.URL, _, _ = strings.Cut(link, "/?")
	if !strings.HasPrefix(s.URL, "https://127.0.0.1:") {
		t.Fatalf("the link is %s, want https", link)
	}
	a := s.mustGet(t, strings.TrimPrefix(link, s.URL))
	if a.StatusCode != http.StatusOK || !a.Request.Response.Cookies()[0].Secure {
		t.Errorf("the link gives %d and the cookie %v", a.StatusCode, a.Request.Response.Cookies())
	}
	host := strings.TrimPrefix(s.URL, "https://")
	if got, want := a.Header.Get("Content-Security-Policy"), "connect-src 'self' wss://"+host+";"; !strings.Contains(got, want) {
		t.Errorf("the policy is %q, want %q in it", got, want)
	}
	for name, want := range map[string]int{
		host: http.StatusOK, "one.lab.example": http.StatusUnauthorized, "BENCH.example:8": http.StatusUnauthorized,
		"lab.example": http.StatusForbidden, "a.one.lab.example": http.StatusForbidden, "192.0.2.1": http.StatusForbidden,
	} {
		// the cookie is for the port: another name has none
		if got := s.mustCall(t, "List", "[]", "Host", name).StatusCode; got != want {
			t.Errorf("called %s it gives %d, want %d", name, got, want)
		}
	}
	for origin, want := range map[string]int{"https://" + host: http.StatusOK, "http://" + host: http.StatusForbidden} {
		if got := s.mustCall(t, "List", "[]", "Origin", origin).StatusCode; got != want {
			t.Errorf("from %s it gives %d, want %d", origin, got, want)
		}
	}
}

// A new link lets another browser in, and makes the one before worthless.
func TestAskLink(t *testing.T) {
	s := mustSite(t)
	path := filepath.Join(t.TempDir(), "s")
	first := s.serving(t, Ports{Socket: path, Addresses: []string{"127.0.0.1:0"}})
	second, err := AskLink(t.Context(), path)
	must(t, err)
	s.URL = ""
	if got, want := s.mustGet(t, first).StatusCode, http.StatusUnauthorized; got != want {
		t.Errorf("the old link gives %d, want %d", got, want)
	}
	if got, want := s.mustGet(t, second).StatusCode, http.StatusOK; got != want {
		t.Errorf("the new link gives %d, want %d", got, want)
	}
	if _, err := AskLink(t.Context(), path+"x"); lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("without a server it gives %v, want KindUnavailable", err)
	}
}

// mustCertificate makes a certificate for a name and 127.0.0.1 that is signed by its own key.
func mustCertificate(t *testing.T, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	must(t, err)
	der2, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	must(t, os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der2}), 0o600))
	return cert, key
}
