package stack

import (
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

const (
	envFile  = ".env"
	envLimit = 1 << 16
)

// The variables of docker-compose.yml.
const (
	projectName   = "COMPOSE_PROJECT_NAME"
	webPort       = "WEB_PORT"
	guacdPort     = "GUACD_PORT"
	databasePort  = "DATABASE_PORT"
	adminPassword = "POSTGRES_PASSWORD"
	webPassword   = "GUACAMOLE_PASSWORD"
	ourPassword   = "SANDBOXLABS_PASSWORD"
)

var passwords = []string{adminPassword, webPassword, ourPassword}

// A name as Compose takes it, and a password that nothing has to quote.
var (
	isProject  = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`).MatchString
	isPassword = regexp.MustCompile(`^[A-Za-z0-9]{16,200}$`).MatchString
)

func isPort(text string) bool {
	number, err := strconv.ParseUint(text, 10, 16)
	return err == nil && number != 0
}

// rules says what each variable must look like.
var rules = map[string]func(string) bool{
	projectName: isProject,
	webPort:     isPort, guacdPort: isPort, databasePort: isPort,
	adminPassword: isPassword, webPassword: isPassword, ourPassword: isPassword,
}

// env is the file .env, line by line. What a person added stays.
type env struct{ lines []string }

func (e *env) get(name string) string {
	for _, line := range e.lines {
		if value, found := strings.CutPrefix(line, name+"="); found {
			return value
		}
	}
	return ""
}

func (e *env) set(name, value string) {
	line := name + "=" + value
	for i := range e.lines {
		if strings.HasPrefix(e.lines[i], name+"=") {
			e.lines[i] = line
			return
		}
	}
	e.lines = append(e.lines, line)
}

func (s *Stack) envPath() string { return filepath.Join(s.dir, envFile) }

// wasSetUp says whether there is anything to look at. A file that can not be
// examined is there: reading it tells why.
func (s *Stack) wasSetUp() bool {
	_, err := os.Lstat(s.envPath())
	return !errors.Is(err, fs.ErrNotExist)
}

// env reads the file, or makes what will be the first one.
func (s *Stack) env() (*env, error) {
	if !s.wasSetUp() {
		return newEnv(s.dir), nil
	}
	content, err := durable.Read(s.envPath(), envLimit)
	if errors.Is(err, fs.ErrPermission) {
		return nil, lab.Errorf(lab.KindDenied, "may not read %s", s.envPath()).
			WithHint("Make the file readable for you.").WithCause(err)
	}
	if err != nil {
		return nil, s.damaged("%v", err)
	}
	e := &env{lines: strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")}
	if !strings.HasSuffix(string(content), "\n") {
		return nil, s.damaged("its last line has no end")
	}
	for name := range rules {
		if cause := e.damage(name); cause != "" {
			return nil, s.damaged("%s %s", name, cause)
		}
	}
	return e, nil
}

// damage says what is wrong with a variable, and nothing of a password.
func (e *env) damage(name string) string {
	count := 0
	for _, line := range e.lines {
		if strings.HasPrefix(line, name+"=") {
			count++
		}
	}
	switch {
	case count == 0:
		return "is missing"
	case count > 1:
		return "is there twice"
	case !rules[name](e.get(name)):
		return "is none that was written here"
	}
	return ""
}

// damaged refuses the file. New passwords would not do: those of the database
// are in its volume.
func (s *Stack) damaged(format string, args ...any) error {
	return lab.Errorf(lab.KindInvalid, "the passwords of the gateway's containers in %s are damaged", s.envPath()).
		WithCause(fmt.Errorf(format, args...)).
		WithHint("Put the file back as it was, or move it away to start anew with an empty database.")
}

// newEnv chooses what is never chosen again. Each user and folder has a project of
// its own, or the stack of another one would be taken for this.
func newEnv(dir string) *env {
	e := &env{lines: []string{"# Made by SandBoxLabs. The database knows these passwords: without this file it is lost."}}
	e.set(projectName, fmt.Sprintf("sandboxlabs-%d-%08x", os.Getuid(), crc32.ChecksumIEEE([]byte(dir))))
	for _, name := range passwords {
		e.set(name, rand.Text()+rand.Text()) // letters and digits, of 130 bits each
	}
	return e
}

func (s *Stack) writeEnv(e *env) error {
	content := []byte(strings.Join(e.lines, "\n") + "\n")
	if there, err := durable.Read(s.envPath(), envLimit); err == nil && string(there) == string(content) {
		return nil
	}
	return durable.Write(s.envPath(), content)
}

// redact puts asterisks in place of the passwords.
func (e *env) redact(text string) string {
	for _, name := range passwords {
		text = strings.ReplaceAll(text, e.get(name), "********")
	}
	return text
}
