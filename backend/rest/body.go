package rest

import (
	"errors"
	"io"
	"net/http"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	maxBody   = 1 << 20          // bytes of a call's arguments
	readLimit = 10 * time.Second // for them to arrive
)

// Body reads the body of a request, of up to limit bytes, which must come within
// ten seconds. KindInvalid if it does not; Status tells one that is too large.
func Body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(readLimit)); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, lab.Errorf(lab.KindInvalid, "the request is larger than %d bytes", limit).WithCause(err)
	}
	if err != nil {
		return nil, lab.Errorf(lab.KindInvalid, "the request can not be read").WithCause(err)
	}
	// Else the request would be taken for ended by its client when that time is over.
	return body, control.SetReadDeadline(time.Time{})
}

// patient reads a body that may be long: it is given up when nothing comes for a while.
type patient struct {
	body    io.Reader
	control *http.ResponseController
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.control.SetReadDeadline(time.Now().Add(readLimit)); err != nil {
		return 0, err
	}
	return p.body.Read(b)
}
