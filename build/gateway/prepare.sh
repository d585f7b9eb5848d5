#!/usr/bin/env bash
# Fills the volumes of the gateway, in a container of the web application's image:
# it has the schema, and knows its own user. What is there already is made anew.
set -euo pipefail
umask 022

# guacd is the user that the image of guacd runs as.
guacd=1000

# Whoever waits for the schema sees it whole or not at all.
/opt/guacamole/bin/initdb.sh --postgresql >/schema/.initdb.sql
mv /schema/.initdb.sql /schema/initdb.sql

# guacd writes recordings, and the web application reads them through its group.
install -d -o "$guacd" -g "$(id -g guacamole)" -m 2750 /recordings
