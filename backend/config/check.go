package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// fault is a value that can not be.
type fault struct{ key, text string }

// userPattern is what useradd takes by default.
var userPattern = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

var poolPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func (s Settings) check() *fault {
	for _, f := range []*fault{
		checkURI(s.Connect),
		unless(s.Emulation == EmulationAuto || s.Emulation == EmulationKVM || s.Emulation == EmulationTCG,
			"emulation", "%q is not auto, kvm or tcg", s.Emulation),
		unless(poolPattern.MatchString(s.Pool.Name), "pool.name", "%q is not a name of letters, digits, dots, underscores and hyphens", s.Pool.Name),
		unless(s.Pool.Path == "" || filepath.IsAbs(s.Pool.Path), "pool.path", "%q is not an absolute path", s.Pool.Path),
		between("node.vcpus", s.Node.VCPUs, 1, 255),
		between("node.memory_mib", s.Node.MemoryMiB, 32, 1<<20),
		between("undo.hours", s.Undo.Hours, 1, 24*365),
		between("undo.gib", s.Undo.GiB, 1, 1<<20),
		between("bulk.limit", s.Bulk.Limit, 1, 64),
		checkListen(s.Serve.Listen),
		unless(slices.Contains([]string{"off", "stack", "external"}, s.Gateway.Mode), "gateway.mode", "%q is not off, stack or external", s.Gateway.Mode),
		unless(s.FirstBoot.User == "" || userPattern.MatchString(s.FirstBoot.User), "first_boot.user", "%q is not the name of an account", s.FirstBoot.User),
		unless(slices.Contains(closings, s.Desktop.Close), "desktop.close", "%q is not auto, hide, quit or ask", s.Desktop.Close),
		checkNotices(s.Desktop.Notices),
		between("gateway.web_port", s.Gateway.WebPort, 0, 65535),
		between("gateway.guacd_port", s.Gateway.GuacdPort, 0, 65535),
		between("gateway.database_port", s.Gateway.DatabasePort, 0, 65535),
	} {
		if f != nil {
			return f
		}
	}
	return nil
}

func unless(ok bool, key, format string, args ...any) *fault {
	if ok {
		return nil
	}
	return &fault{key, fmt.Sprintf(format, args...)}
}

func between(key string, got, low, high int) *fault {
	return unless(low <= got && got <= high, key, "%d is not between %d and %d", got, low, high)
}

// What the desktop's settings may say.
var (
	closings = []string{"auto", "hide", "quit", "ask"}
	notices  = []string{"stopped", "images", "wipes", "disk"}
)

func checkNotices(shown []string) *fault {
	for _, n := range shown {
		if !slices.Contains(notices, n) {
			return &fault{"desktop.notices", fmt.Sprintf("%q is not one of stopped, images, wipes and disk", n)}
		}
	}
	return nil
}

func checkURI(uri string) *fault {
	u, err := url.Parse(uri)
	return unless(uri == "" || err == nil && u.Scheme != "", "connect", "%q is not a libvirt URI such as qemu:///session", uri)
}

// checkListen admits loopback only: the page has the whole libvirt in its hands.
func checkListen(address string) *fault {
	host, port, err := net.SplitHostPort(address)
	_, portErr := strconv.ParseUint(port, 10, 16)
	ip, ipErr := netip.ParseAddr(host)
	loopback := host == "localhost" || ipErr == nil && ip.IsLoopback()
	return unless(err == nil && portErr == nil && loopback, "serve.listen", "%q is not a loopback address such as 127.0.0.1:3001", address)
}
