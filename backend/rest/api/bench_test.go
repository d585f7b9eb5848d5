package api

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	clients = 200
	nodes   = 200
)

// mustBusySite is a site with 200 nodes.
func mustBusySite(b *testing.B) (s *site, id string) {
	b.Helper()
	s = mustSite(b)
	for i := range nodes {
		id = s.made(fmt.Sprintf("web-%d", i)).ID
	}
	transport := http.DefaultTransport.(*http.Transport)
	transport.MaxIdleConnsPerHost, transport.MaxIdleConns = clients, clients
	return s, id
}

// load asks for a path by 200 clients at once, over and over, and reports how many
// requests are answered in a second, and within what 99 of 100 are.
func load(b *testing.B, s *site, path string) {
	var mu sync.Mutex
	var all []time.Duration
	b.SetParallelism(clients / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		var own []time.Duration
		for pb.Next() {
			begun := time.Now()
			s.want(http.StatusOK, "GET", path, "")
			own = append(own, time.Since(begun))
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, own...)
	})
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

func BenchmarkList200By200Clients(b *testing.B) {
	s, _ := mustBusySite(b)
	load(b, s, "/nodes?limit=200")
}

func BenchmarkShowBy200Clients(b *testing.B) {
	s, id := mustBusySite(b)
	load(b, s, "/nodes/"+id)
}

// BenchmarkEventTo200Listeners is the time from a change to the last who hears of it.
func BenchmarkEventTo200Listeners(b *testing.B) {
	s, id := mustBusySite(b)
	var listeners []*listener
	for range clients {
		l := s.listen("")
		l.next()
		listeners = append(listeners, l)
	}
	b.ResetTimer()
	for i := range b.N {
		notes := fmt.Sprint(i)
		var heard sync.WaitGroup
		for _, l := range listeners {
			heard.Go(func() { l.until(func(e lab.Event) bool { return e.Node != nil && e.Node.Notes == notes }) })
		}
		s.want(http.StatusOK, "PATCH", "/nodes/"+id, `{"notes":"`+notes+`"}`)
		heard.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms-to-the-last")
}

// BenchmarkIdleListener is what a thousand listeners that hear of nothing take,
// with their connections' own ends here.
func BenchmarkIdleListener(b *testing.B) {
	s, _ := mustBusySite(b)
	const idle = 1000
	for range b.N {
		before := inUse()
		var open []net.Conn
		for range idle {
			c, err := net.Dial("tcp", s.Listener.Addr().String())
			must(b, err)
			_, err = fmt.Fprintf(c, "GET %s/events HTTP/1.1\r\nHost: x\r\n\r\n", Prefix)
			must(b, err)
			awaitSnapshot(b, c)
			open = append(open, c)
		}
		b.ReportMetric(float64(inUse()-before)/idle/1024, "KiB/listener")
		for _, c := range open {
			must(b, c.Close())
		}
	}
}

// awaitSnapshot reads a connection until the first event is there.
func awaitSnapshot(b *testing.B, c net.Conn) {
	b.Helper()
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		must(b, err)
		if strings.HasPrefix(line, "data: ") {
			return
		}
	}
}

// inUse is the memory of heap and stacks that is in use, in bytes.
func inUse() int64 {
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
