package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// verb is one method of the service: it decodes its arguments and calls it.
type verb func(ctx context.Context, s *service.Service, args []json.RawMessage) (any, error)

// verbs are the calls the page can make, by the names it knows them by.
var verbs = map[string]verb{
	"List":           none((*service.Service).List),
	"Show":           one((*service.Service).Show),
	"Create":         one((*service.Service).Create),
	"Start":          one((*service.Service).Start),
	"Stop":           one((*service.Service).Stop),
	"ForceOff":       one((*service.Service).ForceOff),
	"Reboot":         one((*service.Service).Reboot),
	"Pause":          one((*service.Service).Pause),
	"Resume":         one((*service.Service).Resume),
	"Wipe":           one((*service.Service).Wipe),
	"UndoWipe":       one((*service.Service).UndoWipe),
	"Delete":         two((*service.Service).Delete),
	"Restore":        one((*service.Service).Restore),
	"Rename":         two((*service.Service).Rename),
	"Set":            two((*service.Service).Set),
	"Clone":          two((*service.Service).Clone),
	"Deleted":        none((*service.Service).Deleted),
	"Usage":          none((*service.Service).Usage),
	"Inspect":        one((*service.Service).Inspect),
	"History":        one((*service.Service).History),
	"Host":           none((*service.Service).Host),
	"Preferences":    none((*service.Service).Preferences),
	"Prefer":         only((*service.Service).Prefer),
	"Images":         none((*service.Service).Images),
	"Catalogue":      none((*service.Service).Catalogue),
	"AddImage":       one((*service.Service).AddImage),
	"ProbeImage":     one((*service.Service).ProbeImage),
	"ChangeImage":    two((*service.Service).ChangeImage),
	"VerifyImage":    one((*service.Service).VerifyImage),
	"CompressImage":  one((*service.Service).CompressImage),
	"ResizeImage":    two((*service.Service).ResizeImage),
	"RenameImage":    two((*service.Service).RenameImage),
	"PruneImages":    one((*service.Service).PruneImages),
	"CancelImage":    only((*service.Service).CancelImage),
	"RemoveImage":    only((*service.Service).RemoveImage),
	"Health":         none((*service.Service).Health),
	"Console":        two((*service.Service).Console),
	"ConsoleLink":    one((*service.Service).ConsoleLink),
	"Gateway":        none((*service.Service).Gateway),
	"SetGateway":     one((*service.Service).SetGateway),
	"TestGateway":    one((*service.Service).TestGateway),
	"GatewayUp":      none((*service.Service).GatewayUp),
	"GatewayDown":    none((*service.Service).GatewayDown),
	"GatewayLogs":    none((*service.Service).GatewayLogs),
	"Settings":       none((*service.Service).Settings),
	"ChangeSettings": one((*service.Service).ChangeSettings),
	"Folders":        none((*service.Service).Folders),
	"MeasureFolder":  one((*service.Service).MeasureFolder),
	"Log":            none((*service.Service).Log),
	"Crashes":        none((*service.Service).Crashes),
	"CrashRead":      only((*service.Service).CrashRead),
	"Complain":       only((*service.Service).Complain),
	"FirstBoot":      none((*service.Service).FirstBoot),
	"Autostart":      none((*service.Service).Autostart),
	"SetAutostart":   one((*service.Service).SetAutostart),

	"PlanMigration":   one((*service.Service).PlanMigration),
	"Migrate":         one((*service.Service).Migrate),
	"CancelMigration": idle((*service.Service).CancelMigration),
}

// Verbs gives the names of the calls, sorted.
func Verbs() []string { return slices.Sorted(maps.Keys(verbs)) }

func none[Out any](do func(*service.Service, context.Context) (Out, error)) verb {
	return func(ctx context.Context, s *service.Service, args []json.RawMessage) (any, error) {
		if err := decodeAll(args); err != nil {
			return nil, err
		}
		return do(s, ctx)
	}
}

func one[In, Out any](do func(*service.Service, context.Context, In) (Out, error)) verb {
	return func(ctx context.Context, s *service.Service, args []json.RawMessage) (any, error) {
		var in In
		if err := decodeAll(args, &in); err != nil {
			return nil, err
		}
		return do(s, ctx, in)
	}
}

func two[A, B, Out any](do func(*service.Service, context.Context, A, B) (Out, error)) verb {
	return func(ctx context.Context, s *service.Service, args []json.RawMessage) (any, error) {
		var a A
		var b B
		if err := decodeAll(args, &a, &b); err != nil {
			return nil, err
		}
		return do(s, ctx, a, b)
	}
}

func only[In any](do func(*service.Service, context.Context, In) error) verb {
	return func(ctx context.Context, s *service.Service, args []json.RawMessage) (any, error) {
		var in In
		if err := decodeAll(args, &in); err != nil {
			return nil, err
		}
		return nil, do(s, ctx, in)
	}
}

func idle(do func(*service.Service, context.Context) error) verb {
	return func(ctx context.Context, s *service.Service, args []json.RawMessage) (any, error) {
		if err := decodeAll(args); err != nil {
			return nil, err
		}
		return nil, do(s, ctx)
	}
}

// call answers POST /rpc/{verb}. The verb outlives its request: a page that is
// closed in the middle of a wipe must not end it there.
func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	do, ok := s.verbs[r.PathValue("verb")]
	if !ok {
		fail(w, lab.Errorf(lab.KindNotFound, "there is no call %q", r.PathValue("verb")))
		return
	}
	args, err := arguments(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	out, err := do(here(context.WithoutCancel(r.Context()), r), s.service, args)
	if err != nil {
		fail(w, err)
		return
	}
	Reply(w, http.StatusOK, out)
}

// arguments reads the request's body: a JSON array, and nothing behind it.
func arguments(w http.ResponseWriter, r *http.Request) ([]json.RawMessage, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, lab.Errorf(lab.KindInvalid, "the call is not application/json")
	}
	body, err := Body(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	var args []json.RawMessage
	if err := decode(body, &args); err != nil {
		return nil, lab.Errorf(lab.KindInvalid, "the call is not a JSON array of arguments").WithCause(err)
	}
	return args, nil
}

// decodeAll decodes every argument; their number must be right.
func decodeAll(args []json.RawMessage, into ...any) error {
	if len(args) != len(into) {
		return lab.Errorf(lab.KindInvalid, "the call takes %d arguments, not %d", len(into), len(args))
	}
	for i := range args {
		if err := decode(args[i], into[i]); err != nil {
			return lab.Errorf(lab.KindInvalid, "argument %d of the call is wrong", i+1).WithCause(err)
		}
	}
	return nil
}

func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON")
	}
	return nil
}
