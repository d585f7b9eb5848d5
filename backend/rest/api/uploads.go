package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/rest/upload"
)

// UploadID is the upload that is meant.
type UploadID struct {
	ID string `path:"id" maxLength:"64" doc:"Of the upload."`
}

// progress tells how far an upload is, as tus does (tus.io, protocol 1.0).
type progress struct {
	Offset  int64     `header:"Upload-Offset" doc:"Bytes that are safe on the disk: go on from there."`
	Length  int64     `header:"Upload-Length" doc:"Bytes of the whole file."`
	Expires time.Time `header:"Upload-Expires" doc:"When it is removed, unless more of it comes."`
}

func progressOf(u upload.Upload) *progress {
	return &progress{Offset: u.Offset, Length: u.Bytes, Expires: u.Expires}
}

const (
	tagUploads = "Uploads"
	pieceType  = "application/offset+octet-stream"
	pieceLimit = 30 * time.Second // that a client may be silent while it sends
)

func (a *API) addUploads() {
	act(a, operation{
		method: http.MethodPost, path: "/uploads", id: "createUpload", tag: tagUploads, status: http.StatusCreated,
		summary: "Begin to send a file that an image is to be made of",
		about:   "Then send it with PATCH, in one piece or many, and name the upload in `POST /images`. After a break ask with HEAD how much is there, and go on; a restart of the server loses nothing. What gets no more for a day is removed.",
	}, func(_ context.Context, in *struct {
		Idempotent
		Body struct {
			Name  string `json:"name" minLength:"1" maxLength:"255" doc:"Of the file, without folders. Its ending tells the format where the content does not."`
			Bytes int64  `json:"bytes" minimum:"1" maximum:"17592186044416" doc:"Size of the file in bytes."`
		} `nameHint:"NewUpload"`
	},
	) (*created[upload.Upload], error) {
		u, err := a.Uploads.Begin(in.Body.Name, in.Body.Bytes)
		return &created[upload.Upload]{Location: Prefix + "/uploads/" + u.ID, Body: u}, err
	})
	add(a, operation{
		method: http.MethodGet, path: "/uploads/{id}", id: "showUpload", tag: tagUploads, summary: "Show how far an upload is",
	}, func(_ context.Context, in *UploadID) (*answer[upload.Upload], error) {
		u, err := a.Uploads.Find(in.ID)
		return &answer[upload.Upload]{u}, err
	})
	add(a, operation{
		method: http.MethodHead, path: "/uploads/{id}", id: "headUpload", tag: tagUploads, summary: "Ask where to go on with an upload",
	}, func(_ context.Context, in *UploadID) (*progress, error) {
		u, err := a.Uploads.Find(in.ID)
		return progressOf(u), err
	})
	act(a, operation{
		method: http.MethodDelete, path: "/uploads/{id}", id: "removeUpload", tag: tagUploads, summary: "Remove an upload",
		about: "One of which an image is being made goes when that is over.",
	}, func(_ context.Context, in *UploadID) (*none, error) { return nil, a.Uploads.Drop(in.ID) })
	add(a, operation{
		method: http.MethodGet, path: "/uploads/{id}/probe", id: "probeUpload", tag: tagUploads, verbs: []string{"ProbeImage"},
		summary: "See what can be made of a whole upload",
	}, func(ctx context.Context, in *UploadID) (*answer[lab.Probe], error) {
		path, err := a.Uploads.Whole(in.ID)
		if err != nil {
			return nil, err
		}
		v, err := a.Service.ProbeImage(ctx, path)
		return &answer[lab.Probe]{v}, err
	})
	a.addPiece()
}

// addPiece adds the one operation whose body is not read into memory.
func (a *API) addPiece() {
	op := huma.Operation{
		Method: http.MethodPatch, Path: "/uploads/{id}", OperationID: "sendUpload", Tags: []string{tagUploads}, DefaultStatus: http.StatusNoContent,
		Summary:     "Send a piece of an upload",
		Description: "Where the connection breaks, what came stays. Two at once for one upload are refused, and so is a piece that does not begin where the upload ends: the answer's `Upload-Offset` tells where that is.",
		RequestBody: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{pieceType: {Schema: &huma.Schema{Type: "string", Format: "binary"}}}},
		Responses:   map[string]*huma.Response{"default": failure(a.huma.OpenAPI().Components.Schemas)},
	}
	// huma reads bodies into memory. This one is given to the handler by a middleware.
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		next(huma.WithValue(ctx, requestKey{}, ctx))
	}}
	a.ids = append(a.ids, op.OperationID)
	huma.Register(a.huma, op, a.sendPiece)
}

type requestKey struct{}

func (a *API) sendPiece(ctx context.Context, in *struct {
	UploadID
	Offset      string `header:"Upload-Offset" required:"true" maxLength:"20" doc:"Bytes before this piece: as many as are there."`
	ContentType string `header:"Content-Type" required:"true" enum:"application/offset+octet-stream" hidden:"true"`
},
) (*progress, error) {
	offset, err := parseOffset(in.Offset)
	if err != nil {
		return nil, problemOf(err)
	}
	r, w := humago.Unwrap(ctx.Value(requestKey{}).(huma.Context))
	u, err := a.Uploads.Write(in.ID, offset, patient{r, http.NewResponseController(w)})
	if err == nil {
		return progressOf(u), nil
	}
	p := problemOf(err)
	if u.ID == "" {
		return nil, p
	}
	return nil, errors.Join(p, huma.ErrorWithHeaders(p, http.Header{"Upload-Offset": {strconv.FormatInt(u.Offset, 10)}}))
}

// patient gives a client time for each part of a body, not for all of it.
type patient struct {
	r       *http.Request
	control *http.ResponseController
}

func (p patient) Read(b []byte) (int, error) {
	_ = p.control.SetReadDeadline(time.Now().Add(pieceLimit)) // where there is no connection, there is nothing to wait for
	n, err := p.r.Body.Read(b)
	if err != nil {
		_ = p.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// parseOffset reads Upload-Offset: a number of bytes.
func parseOffset(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || fmt.Sprint(n) != text {
		return 0, lab.Errorf(lab.KindInvalid, "%.40q is not a number of bytes", text).WithHint("Send what Upload-Offset said last.")
	}
	return n, nil
}
