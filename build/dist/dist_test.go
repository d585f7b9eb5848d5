package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"

	"sandboxlabs/backend/lab"
)

func TestVersionsOfPackages(t *testing.T) {
	for module, want := range map[string]string{
		"v1.2.3":                             "1.2.3",
		"v1.2.0-rc.1":                        "1.2.0~rc.1",
		"v0.0.0-20261128125032-2864fde12345": "0.0.0~20261128125032.2864fde12345",
		"v0.0.0-20261128125032-2864fde12345+dirty": "0.0.0~20261128125032.2864fde12345+dirty",
	} {
		if got := packageVersion(module); got != want {
			t.Errorf("%s is %s, want %s", module, got, want)
		}
	}
}

func TestVersionsAreNumbers(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"2.34", "2.4", 1}, {"2.2.5", "2.3", -1}, {"2.34", "2.34", 0}, {"2.3.4", "2.3", 1}, {"2.3", "", 1}} {
		if got := compareVersions(c.a, c.b); got != c.want {
			t.Errorf("%s to %q is %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestWhatALicenceIsCalled(t *testing.T) {
	for name, want := range map[string]bool{
		"LICENSE": true, "LICENSE.txt": true, "licence.md": true, "COPYING": true, "NOTICE": true, "PATENTS": true,
		"LICENSE-MIT": true, "README.md": false, "licenses_test.go": false, "noticeboard": false,
	} {
		if got := licenceName.MatchString(name); got != want {
			t.Errorf("%s is one: %t, want %t", name, got, want)
		}
	}
}

// made is what one run has left.
type made struct{ deb, rpm, tarball, bom, dir, version string }

// mustMake packs the built program, which must be there.
func mustMake(t *testing.T, site string) made {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	j := job{
		root: root, program: root + "/build/bin/sandboxlabs", nfpm: root + "/build/out/tools/nfpm",
		out: filepath.Join(t.TempDir(), "out"), site: site,
	}
	if err := j.run(); err != nil {
		t.Fatal(err)
	}
	m := made{dir: j.out, version: j.release}
	for ending, file := range map[string]*string{"_amd64.deb": &m.deb, ".x86_64.rpm": &m.rpm, ".tar.gz": &m.tarball, ".cdx.json": &m.bom} {
		found, err := filepath.Glob(filepath.Join(j.out, "*"+ending))
		if err != nil || len(found) != 1 {
			t.Fatalf("%d files end in %s, %v, want one", len(found), ending, err)
		}
		*file = found[0]
	}
	return m
}

// mustRun runs a program that must end well, and gives what it prints.
func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}

// mustNeed skips a test that needs the built program where that is not asked for.
func mustNeed(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs build/bin/sandboxlabs, nfpm, lintian and rpm; run without -short")
	}
}

func TestPackages(t *testing.T) {
	mustNeed(t)
	m := mustMake(t, "")
	again := mustMake(t, "")
	if one, two := digests(t, m.dir), digests(t, again.dir); !maps.Equal(one, two) {
		t.Errorf("the same input gives %v, then %v", one, two)
	}
	check := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	check.Dir = m.dir
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v: %s", err, out)
	}
	t.Run("deb", m.checkDeb)
	t.Run("rpm", m.checkRPM)
	t.Run("tarball", m.checkTarball)
	t.Run("bom", m.checkBOM)
	t.Run("install", m.checkInstall)
	t.Run("trixie", m.checkTrixie)
}

func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = fmt.Sprintf("%x", sha256.Sum256(content))
	}
	return all
}

// mustBe are files of every installation, below the prefix.
var mustBe = []string{
	"bin/sandboxlabs",
	"share/applications/" + lab.AppID + ".desktop",
	units + "sandboxlabs.service",
	units + "sandboxlabs.socket",
	"share/metainfo/" + lab.AppID + ".metainfo.xml",
	"share/dbus-1/services/" + lab.AppID + ".service",
	"share/icons/hicolor/48x48/apps/sandboxlabs.png",
	"share/icons/hicolor/512x512/apps/sandboxlabs.png",
	"share/icons/hicolor/scalable/apps/sandboxlabs.svg",
	"share/icons/hicolor/symbolic/apps/sandboxlabs-symbolic.svg",
	"share/icons/hicolor/symbolic/apps/sandboxlabs-attention-symbolic.svg",
	"share/man/man1/sandboxlabs.1.gz",
	"share/man/man1/sandboxlabs-node-create.1.gz",
	"share/bash-completion/completions/sandboxlabs",
	"share/fish/vendor_completions.d/sandboxlabs.fish",
	"share/doc/sandboxlabs/third-party-licences.gz",
}

func (m made) checkDeb(t *testing.T) {
	root := t.TempDir()
	mustRun(t, "dpkg-deb", "-x", m.deb, root)
	for _, file := range mustBe {
		if _, err := os.Stat(filepath.Join(root, "usr", file)); err != nil {
			t.Error(err)
		}
	}
	share := root + "/usr/share/"
	mustRun(t, "desktop-file-validate", share+"applications/"+lab.AppID+".desktop")
	mustRun(t, "appstreamcli", "validate", "--no-net", share+"metainfo/"+lab.AppID+".metainfo.xml")
	mustRun(t, "lintian", "--allow-root", "--fail-on", "error", "--suppress-tags", "debian-changelog-line-too-long", m.deb)
	if told := mustRun(t, "man", "--warnings", "-l", share+"man/man1/sandboxlabs-node-create.1.gz"); !strings.Contains(told, "--image") {
		t.Errorf("the manual says %s", told)
	}
	checkUnits(t, root)
	mustRun(t, "bash", "-n", share+"bash-completion/completions/sandboxlabs")
	if picture := mustRun(t, "identify", share+"icons/hicolor/48x48/apps/sandboxlabs.png"); !strings.Contains(picture, "PNG 48x48") {
		t.Errorf("the icon is %s", picture)
	}
	licences := mustRun(t, "zcat", share+"doc/sandboxlabs/third-party-licences.gz")
	for _, of := range []string{"\nsvelte ", "\n@novnc/novnc ", "\ngithub.com/wailsapp/wails/v2 ", "\nGo 1.", "Apache License", "Mozilla Public License"} {
		if !strings.Contains(licences, of) {
			t.Errorf("the licences have no %q", of)
		}
	}
	// No script is run, so that none can touch what is a person's.
	control := strings.Fields(mustRun(t, "sh", "-c", `dpkg-deb --ctrl-tarfile "$1" | tar -t`, "sh", m.deb))
	slices.Sort(control)
	if want := []string{"./control", "./md5sums"}; !slices.Equal(control, want) {
		t.Errorf("the package has %q, want %q", control, want)
	}
}

// checkUnits has systemd read the units, as they are below root.
func checkUnits(t *testing.T, root string) {
	dir := t.TempDir()
	args := []string{"--user", "--man=no", "verify"}
	for _, name := range []string{"sandboxlabs.service", "sandboxlabs.socket"} {
		unit, err := os.ReadFile(filepath.Join(root, "usr", units, name))
		if err != nil {
			t.Fatal(err)
		}
		moved := filepath.Join(dir, name)
		if err := os.WriteFile(moved, bytes.ReplaceAll(unit, []byte("=/usr/"), []byte("="+root+"/usr/")), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, moved)
	}
	t.Setenv("XDG_RUNTIME_DIR", dir)
	if told := mustRun(t, "systemd-analyze", args...); told != "" {
		t.Errorf("systemd says of the units: %s", told)
	}
}

func (m made) checkRPM(t *testing.T) {
	needs := strings.Fields(mustRun(t, "rpm", "-qp", "--requires", m.rpm))
	for _, want := range []string{"gtk3", "webkit2gtk4.1", "libvirt-libs", "libvirt-daemon-kvm", "qemu-img"} {
		if !slices.Contains(needs, want) {
			t.Errorf("it requires %q, want %s among them", needs, want)
		}
	}
	files := strings.Fields(mustRun(t, "rpm", "-qpl", m.rpm))
	for _, want := range append(mustBe, "share/zsh/site-functions/_sandboxlabs") {
		if !slices.Contains(files, "/usr/"+want) {
			t.Errorf("it has no /usr/%s", want)
		}
	}
	if got, want := mustRun(t, "rpm", "-qp", "--licensefiles", m.rpm), "/usr/share/doc/sandboxlabs/third-party-licences.gz\n"; got != want {
		t.Errorf("licences are in %q, want %q", got, want)
	}
	if scripts := mustRun(t, "rpm", "-qp", "--scripts", m.rpm); scripts != "" {
		t.Errorf("it runs %s", scripts)
	}
	mustRun(t, "rpm", "-K", "--nosignature", m.rpm)
}

func (m made) checkTarball(t *testing.T) {
	prefix := t.TempDir()
	mustRun(t, "tar", "-C", prefix, "--strip-components=1", "-xzf", m.tarball)
	for _, file := range mustBe {
		if _, err := os.Stat(filepath.Join(prefix, file)); err != nil {
			t.Error(err)
		}
	}
	if got, want := mustRun(t, prefix+"/bin/sandboxlabs", "--version"), "sandboxlabs "+m.version+"\n"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	service, err := os.ReadFile(filepath.Join(prefix, "share/dbus-1/services", lab.AppID+".service"))
	if err != nil || !bytes.Contains(service, []byte("Exec=/usr/local/bin/sandboxlabs\n")) {
		t.Errorf("the bus starts it by %q, %v", service, err)
	}
}

func (m made) checkBOM(t *testing.T) {
	content, err := os.ReadFile(m.bom)
	if err != nil {
		t.Fatal(err)
	}
	var bom cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(bytes.NewReader(content), cyclonedx.BOMFileFormatJSON).Decode(&bom); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, c := range *bom.Components {
		name, _, _ := strings.Cut(c.PackageURL, "@")
		if strings.HasPrefix(c.PackageURL, "pkg:npm/%40") {
			name = c.Name
		}
		seen[name] = true
	}
	for _, want := range []string{"pkg:golang/std", "pkg:golang/libvirt.org/go/libvirt", "pkg:npm/svelte", "@novnc/novnc"} {
		if !seen[want] {
			t.Errorf("there is no %s in it", want)
		}
	}
}

// mustCache is the folder for what is worth keeping between runs.
func mustCache(t *testing.T) string {
	t.Helper()
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "sandboxlabs")
}

// checkTrixie asks apt whether Debian 13, where libraries have other names, has it all.
func (m made) checkTrixie(t *testing.T) {
	cmd := exec.Command("testdata/resolve.sh", m.deb, "trixie", filepath.Join(mustCache(t), "trixie"))
	var told bytes.Buffer
	cmd.Stderr = &told
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() == 3 {
		t.Skipf("Debian 13 is out of reach: %s", told.Bytes())
	}
	if err != nil {
		t.Fatalf("%v: %s%s", err, told.Bytes(), out)
	}
	for _, want := range []string{"/libgtk-3-0t64_", "/libwebkit2gtk-4.1-0_", "/libvirt-daemon-driver-storage_", "/qemu-utils_"} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("apt would not get %s", want)
		}
	}
}

// checkInstall installs, uses and purges it in a clean Debian. The first time that one
// is made, which takes minutes; it is kept under $XDG_CACHE_HOME/sandboxlabs.
func (m made) checkInstall(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root for a system of its own")
	}
	recipe, err := os.ReadFile("testdata/base.sh")
	if err != nil {
		t.Fatal(err)
	}
	key := sha256.Sum256(append(recipe, mustRun(t, "dpkg-deb", "-f", m.deb, "Depends")...))
	base := filepath.Join(mustCache(t), "dist", fmt.Sprintf("%x", key[:8]))
	mustRun(t, "testdata/base.sh", m.deb, base)
	told := mustRun(t, "unshare", "--mount", "--pid", "--fork", "--kill-child", "testdata/install.sh", m.deb, base, t.TempDir(), m.version)
	if !strings.HasSuffix(told, "installed, used and purged\n") {
		t.Errorf("it ends with %q", told)
	}
}

// TestMetainfoWithPictures is how it is once the repository has an address.
func TestMetainfoWithPictures(t *testing.T) {
	if _, err := exec.LookPath("appstreamcli"); err != nil {
		t.Skip("needs appstreamcli: build/setup.sh test")
	}
	j := job{site: "https://example.org/sandboxlabs", version: "1.0.0"}
	content, err := j.fill("metainfo.xml", "/usr")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), lab.AppID+".metainfo.xml")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "appstreamcli", "validate", "--no-net", file)
	for _, name := range []string{"screenshot.png", "screenshot-console.png", "screenshot-images.png"} {
		if _, err := os.Stat(filepath.Join("..", name)); err != nil || !bytes.Contains(content, []byte("/build/"+name)) {
			t.Errorf("%s is shown and there: %v", name, err)
		}
	}
}
