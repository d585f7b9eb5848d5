package stand

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"

	"github.com/coder/websocket"
)

// quiet keeps what net/http has to say of clients that went away out of the tests.
var quiet = log.New(io.Discard, "", 0)

// The status codes of the Guacamole protocol that the double has of its own.
const (
	success         = 0x0000
	serverError     = 0x0200
	upstreamTimeout = 0x0202
	notFound        = 0x0204
	badRequest      = 0x0300
	unauthorized    = 0x0301
)

// codes are those of HTTP and of WebSocket for each status of the protocol.
var codes = map[int]struct {
	http      int
	webSocket websocket.StatusCode
}{
	success:         {200, 1000},
	0x0100:          {501, 1011}, // unsupported
	serverError:     {500, 1011},
	0x0201:          {503, 1008}, // server busy
	upstreamTimeout: {504, 1011},
	0x0203:          {502, 1011}, // upstream error
	notFound:        {404, 1002},
	0x0205:          {409, 1008}, // resource conflict
	0x0206:          {404, 1002}, // resource closed
	0x0207:          {502, 1011}, // upstream not found
	0x0208:          {502, 1011}, // upstream unavailable
	0x0209:          {409, 1008}, // session conflict
	0x020A:          {408, 1002}, // session timeout
	0x020B:          {404, 1002}, // session closed
	badRequest:      {400, 1002},
	unauthorized:    {403, 1008},
	0x0303:          {403, 1008}, // forbidden
	0x0308:          {408, 1002}, // client timeout
	0x030D:          {413, 1009}, // client overrun
	0x030F:          {415, 1003}, // client bad type
	0x031D:          {429, 1008}, // client too many
}

// failure is what the web application itself refuses or could not do.
type failure struct {
	status   int
	kind     string // of the error in JSON
	message  string
	expected []field // what was missing from a login
}

// field is one of a form.
type field struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

func (f *failure) Error() string { return fmt.Sprintf("status %d: %s", f.status, f.message) }

func notFoundf(format string, args ...any) error {
	return &failure{status: notFound, kind: "NOT_FOUND", message: fmt.Sprintf(format, args...)}
}

func badRequestf(format string, args ...any) error {
	return &failure{status: badRequest, kind: "BAD_REQUEST", message: fmt.Sprintf(format, args...)}
}

// as gives what there is to tell of an error: of those that nobody foresaw, such
// as a database that does not answer, little.
func as(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	return &failure{status: serverError, kind: "INTERNAL_ERROR", message: "Unexpected internal error"}
}

// answer makes a handler of what gives a value or an error. No value is 204.
func (w *WebApp) answer(do func(*http.Request) (any, error)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		value, err := do(r)
		if err == nil && value == nil {
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		code := http.StatusOK
		if err != nil {
			f := as(err)
			if f.status == unauthorized { // as the real one: whoever may not, is logged out
				w.forget(tokenOf(r))
			}
			code, value = codes[f.status].http, f
		}
		if value == methodNotAllowed {
			rw.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(code)
		_ = json.NewEncoder(rw).Encode(value) // whoever asked may be gone
	}
}

// methodNotAllowed is an answer that has no error in JSON.
var methodNotAllowed = new(struct{ _ int })

// MarshalJSON gives the error as the web application does.
func (f *failure) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"message": f.message,
		"translatableMessage": map[string]any{
			"key": "APP.TEXT_UNTRANSLATED", "variables": map[string]string{"MESSAGE": f.message},
		},
		"statusCode": nil,
		"expected":   f.expected,
		"type":       f.kind,
	})
}
