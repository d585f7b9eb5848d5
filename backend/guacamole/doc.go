// Package guacamole is lab.Gateway over Apache Guacamole: it writes connections
// into the PostgreSQL database of Guacamole's web application, and speaks to that
// over HTTP as the user it has made for itself there.
//
// The tables are documented in the manual ("Database schema reference",
// guacamole.apache.org/doc/gug/jdbc-auth-schema.html); the web application
// caches nothing of them. What is here was read in the sources of 1.5.5 and
// 1.6.0 and measured on their schemas; those of 1.0 to 1.5 are the same. The web
// application must be 1.4 or later: older ones know no Guacamole-Token header.
//
// Traps:
//   - UNIQUE (name, parent) does not hold where the parent is NULL. All
//     connections are in one group of ours, and that is made under an advisory lock.
//   - Statements of one WITH see the same snapshot: what another program wrote
//     meanwhile is overlooked by some of them. Writers of one node go one after
//     the other (an advisory lock, taken by a statement of its own).
//   - No number is kept: a backup that is restored under our feet gives them to
//     others. Everything is found by name, at each call.
//   - Tokens belong to the row of the user: it is never deleted and made again.
//   - Values of parameters go through a filter that replaces "${...}".
//   - Neither a password nor the token may get into an error or the log: of the
//     errors of pgx and net/http only the innermost is told, and of PostgreSQL's
//     never the detail, which repeats values.
//   - A pgbouncer before the database does not do: it knows neither our settings
//     nor a connection that waits for its end.
//   - A password that was written and not used yet is overwritten by the next
//     login of another program: both hold an advisory lock meanwhile.
//
// A database that is not on this machine must speak TLS with a good certificate
// (verify-full), whatever PGSSLMODE says. A DSN that says otherwise is obeyed,
// but for sslmode=prefer and allow, which would send a password to anybody.
package guacamole
