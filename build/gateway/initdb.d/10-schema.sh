# shellcheck shell=bash
# Makes the tables, from what prepare.sh has written. The entrypoint of the postgres
# image sources this at the first start, since it is not executable; "set -e" holds.
# Where the containers were not started in their order, the file is yet to come.
for _ in {1..120}; do
  if [ -s /schema/initdb.sql ]; then
    break
  fi
  sleep 0.5
done
docker_process_sql --single-transaction --quiet --file /schema/initdb.sql
