package guacamole

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"

	"sandboxlabs/backend/lab"
)

// wrong tells that the address of the web application is not right.
func (w *web) wrong(why string) *lab.Error {
	return lab.Errorf(lab.KindInvalid, "the address of Guacamole's web application, %s, %s", w.base, why).
		WithHint("Give the one at which it opens in a browser, such as https://guacamole.example.org/guacamole, in the settings of the gateway.")
}

// fault translates an error of a request that got no answer.
func (w *web) fault(ctx context.Context, err error) error {
	var timeout net.Error
	var header tls.RecordHeaderError
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return lab.Cancelled(ctx)
	case isUntrusted(err):
		return lab.Errorf(lab.KindInvalid, "the certificate of Guacamole's web application at %s can not be trusted", w.base).
			WithHint("Add the certificate of its authority to those of this machine: /usr/local/share/ca-certificates/NAME.crt, then sudo update-ca-certificates").
			WithCause(errNoAnswer(err))
	case errors.As(err, &header), strings.Contains(err.Error(), "gave HTTP response to HTTPS client"):
		return w.wrong("speaks no TLS")
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return lab.Errorf(lab.KindUnavailable, "Guacamole's web application at %s does not answer in time", w.base).
			WithHint("Try again; see whether its host is overloaded or the network fails.")
	}
	return lab.Errorf(lab.KindUnavailable, "Guacamole's web application at %s does not answer", w.base).
		WithHint("See whether it runs, and whether its address in the settings of the gateway is right.").WithCause(errNoAnswer(err))
}

// refused translates the answer to a login that failed.
func (w *web) refused(a answer) error {
	said, ok := a.refusal()
	switch {
	case !ok:
		return w.unexpected(a)
	case a.status == http.StatusTooManyRequests:
		return lab.Errorf(lab.KindUnavailable, "Guacamole's web application at %s lets nobody from here in for a while", w.base).
			WithHint("Wait five minutes; where everybody has the same address, set BAN_ENABLED to false there.")
	case said.Type == "INSUFFICIENT_CREDENTIALS":
		return lab.Errorf(lab.KindDenied, "Guacamole's web application at %s asks our user for more than a password", w.base).
			WithHint("Exempt the user, or this machine's address, from the second factor there.")
	case a.status == http.StatusForbidden || a.status == http.StatusUnauthorized:
		return lab.Errorf(lab.KindDenied, "Guacamole's web application at %s does not know our user", w.base).
			WithHint("Have it use the database that is named in the settings of the gateway; if it does, see whether it bans this machine's address after failed logins.")
	}
	return w.unexpected(a)
}

// unexpected translates an answer that is none to what was asked.
func (w *web) unexpected(a answer) error {
	said, ok := a.refusal()
	switch {
	case a.status >= http.StatusMultipleChoices && a.status < http.StatusBadRequest && a.location != "":
		return w.wrong("leads to " + a.location)
	case ok && a.status >= http.StatusInternalServerError:
		return lab.Errorf(lab.KindUnavailable, "Guacamole's web application at %s failed", w.base).
			WithHint("See its log: it may not reach its database.").WithCause(errors.New(said.Type))
	case a.status >= http.StatusInternalServerError:
		return lab.Errorf(lab.KindUnavailable, "Guacamole's web application at %s does not work: %s", w.base, http.StatusText(a.status)).
			WithHint("See whether it runs behind its proxy.")
	case ok && a.status == http.StatusForbidden:
		return lab.Errorf(lab.KindDenied, "Guacamole's web application at %s refuses what our user must do", w.base).
			WithHint("See its log.")
	case a.status == http.StatusNotFound:
		return w.wrong("has no Guacamole")
	case a.status == http.StatusBadRequest && strings.HasPrefix(w.base, "http:"):
		return w.wrong("may want TLS")
	}
	return w.wrong("is that of something else")
}
