package prototype

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"strings"
	"unicode/utf8"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// maxBody is how large a request may be, in bytes: what the prototype took.
const maxBody = 100 << 10

// wish is what is asked of a new node. What else a client says is ignored, as it was.
type wish struct {
	Name      string `json:"name"`   // empty: one is made up
	OSType    string `json:"osType"` // empty: ubuntu
	Resources struct {
		RAM  amount `json:"ram"` // MiB
		CPUs amount `json:"cpus"`
	} `json:"resources"`
}

// parse reads the body of a request for a node: a JSON object, or nothing.
func parse(contentType string, body []byte) (in wish, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return in, nil
	}
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != "application/json" {
		return in, lab.Errorf(lab.KindInvalid, "the request is not application/json").WithHint("Send it with the header Content-Type: application/json.")
	}
	bad := lab.Errorf(lab.KindInvalid, "the request is not a JSON object that asks for a node").
		WithHint(`Send one such as {"name": "web", "osType": "alpine", "resources": {"ram": 512, "cpus": 1}}.`)
	if !utf8.Valid(body) {
		return in, bad.WithCause(errors.New("it is not UTF-8"))
	}
	if trimmed := bytes.TrimSpace(body); trimmed[0] != '{' {
		return in, bad
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&in); err != nil {
		return wish{}, bad.WithCause(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return wish{}, bad.WithCause(errors.New("something follows the JSON"))
	}
	return in, nil
}

// input is the wish in the service's words. What is not said of resources is the
// image's, or the settings'.
func (in wish) input(image string) service.CreateInput {
	return service.CreateInput{
		Name: cmp.Or(in.Name, madeUp()), Image: image,
		MemoryMiB: int(in.Resources.RAM), VCPUs: int(in.Resources.CPUs),
	}
}

// madeUp is a name such as node-1f2e3d4c.
func madeUp() string {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return fmt.Sprintf("node-%x", b)
}

// amount is a number, or a text that begins with one, as the prototype took it; of
// anything else it is 0, which stands for what is usual.
type amount int

// UnmarshalJSON reads one.
func (a *amount) UnmarshalJSON(text []byte) error {
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return err
	}
	switch v := value.(type) {
	case float64:
		// more is refused as such a number, not as another
		*a = amount(min(max(math.Trunc(v), math.MinInt32), math.MaxInt32))
	case string:
		var n int32
		if _, err := fmt.Sscanf(strings.TrimSpace(v), "%d", &n); err == nil {
			*a = amount(n)
		}
	}
	return nil
}
