package rest

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	failureBurst = 10          // wrong tokens at once from one address
	failureEvery = time.Second // and one more each
	maxSources   = 1 << 10     // addresses that are remembered
)

// failures count the wrong tokens of each address, so that trying is slow. A
// right one from an address with too many is not even looked at.
type failures struct {
	mu   sync.Mutex
	from map[netip.Addr]*rate.Limiter
}

// allow reports whether an address may try.
func (f *failures) allow(r *http.Request) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.from[source(r)]
	return l == nil || l.Tokens() >= 1
}

// count counts a failure. When too many addresses are remembered, those are
// forgotten that have done nothing for a while, or all of them.
func (f *failures) count(r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.from) >= maxSources {
		f.forget()
	}
	if f.from == nil {
		f.from = make(map[netip.Addr]*rate.Limiter)
	}
	l := f.from[source(r)]
	if l == nil {
		l = rate.NewLimiter(rate.Every(failureEvery), failureBurst)
		f.from[source(r)] = l
	}
	l.Allow()
}

func (f *failures) forget() {
	for a, l := range f.from {
		if l.Tokens() >= failureBurst {
			delete(f.from, a)
		}
	}
	if len(f.from) >= maxSources {
		clear(f.from)
	}
}

// source is the address that a request came from; of IPv6 its network, since one
// computer has all of that. The socket's is none.
func source(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	if a = a.Unmap().WithZone(""); a.Is6() {
		return netip.PrefixFrom(a, 64).Masked().Addr()
	}
	return a
}
