// Package stack runs the Guacamole gateway as containers of this machine: it
// writes docker-compose.yml and what belongs to it into a folder, with passwords
// and ports of this user's own in a file .env beside it, and drives Docker or
// Podman through their command lines.
//
// Compose only starts and ends the containers. What became of them is asked of
// the engine itself, whose answers are the same whichever Compose there is.
//
// No password leaves the package but in Access: progress, logs and errors show
// asterisks in their place.
package stack
