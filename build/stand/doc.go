// Package stand is the test stand of the Guacamole gateway: a real PostgreSQL
// (Database), a real guacd (Guacd), and WebApp, a small double of Guacamole's
// Java web application. PostgreSQL and guacd are the programs a person has; the
// web application is a test double. It speaks the parts that we use, written
// from the sources of 1.5.5 and 1.6.0, and reads everything from the database
// like the real one: what it was never taught, it cannot prove.
//
// Instruction is the protocol between them all, for tests that look at what a
// display shows. Everything listens on 127.0.0.1 and ends with the process that
// made it, even if that is killed.
package stand
