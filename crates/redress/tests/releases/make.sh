#!/usr/bin/env bash
# Makes the fixture of one release: a small installation on each engine, as the released program
# left it. The upgrade test opens every folder here with the program of today.
set -euo pipefail

usage() {
    cat <<'HELP'
usage: crates/redress/tests/releases/make.sh NAME PROGRAM

  NAME      the release, as in 0.1.0; a folder of that name is made here
  PROGRAM   the released binary

  REDRESS_TEST_POSTGRES   a PostgreSQL where a database may be made and dropped,
                          as in 'host=/run/postgresql user=postgres dbname=postgres'

Example:
  REDRESS_TEST_POSTGRES='host=/run/postgresql user=redress dbname=postgres' \
      crates/redress/tests/releases/make.sh 0.2.0 target/release/redress

The keys and credentials in a fixture were made for it and open nothing else.
HELP
}

case ${1:-} in -h | --help) usage && exit 0 ;; esac
if (($# != 2)) || [[ -z ${REDRESS_TEST_POSTGRES:-} ]]; then usage >&2 && exit 2; fi

server=$REDRESS_TEST_POSTGRES name=$1 program=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
database="redress_fixture_$$" child=''

finish() {
    [[ -z $child ]] || kill -TERM "$child" 2>/dev/null || true
    psql -qX -d "$server" -c "DROP DATABASE IF EXISTS $database" 2>/dev/null || true
    rm -rf "$scratch"
}
trap finish EXIT

# Settings of whoever runs this must not get in.
for variable in ${!REDRESS_@}; do unset "$variable"; done
export REDRESS_LOG_LEVEL=error no_proxy=127.0.0.1

cat >"$scratch/payments.csv" <<'ROWS'
refid,trxid,product,account,amount_minor,currency,status,status_at,created_at,provider,payer_ref
R-1,T-1,TNB,220001234513,1250,MYR,successful,2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,
R-2,T-2,TNB,220001234513,1250,MYR,failed,2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,
R-3,T-3,TNB,220001234513,1250,MYR,successful,2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,
ROWS

json() { python3 -c "import json, sys; print(json.load(sys.stdin)['$1'])"; }

# install DIR: an account with three payments, one of them reported, and the server stopped again.
install() {
    local dir=$1 scope=(--tenant acme --env production) key token
    export REDRESS_DIR=$dir
    "$program" tenant add acme --email ops@acme.example
    "$program" import transactions "$scratch/payments.csv" "${scope[@]}"
    key=$("$program" key add --json "${scope[@]}")
    token=$("$program" token add --json --role agent --name ann@acme.example \
        --days 3650 "${scope[@]}")
    {
        echo "REDRESS_API_KEY=$(json api_key <<<"$key")"
        echo "REDRESS_API_SECRET=$(json secret <<<"$key")"
        echo "REDRESS_TOKEN=$(json token <<<"$token")"
    } >"$dir/credentials"
    "$program" webhook add "${scope[@]}" --url https://acme.example/hooks >"$dir/hook"
    # It stays in the database with its sealed secret, and is never called by a test.
    "$program" webhook remove "$(grep -o 'ep_[0-9a-z]*' "$dir/hook")" --tenant acme
    "$program" serve --listen 127.0.0.1:0 >"$scratch/serve" &
    child=$!
    until [[ -s $dir/address ]]; do sleep 0.1; done
    export REDRESS_URL
    REDRESS_URL=$(<"$dir/address")
    env $(<"$dir/credentials") "$program" report --refid R-1 --email buyer@example.test \
        --says 'Paid and not credited: zażółć gęślą jaźń' >"$dir/report"
    grep -o 'cs_[0-9a-z]*' "$dir/report" | head -n 1 >"$dir/case"
    # The mail goes out first, so that nothing is left to send.
    until ls "$dir"/mail/*.eml >/dev/null 2>&1; do sleep 0.1; done
    kill -TERM "$child" && wait "$child"
    child=''
    "$program" audit verify
    unset REDRESS_URL
}

# keep DIR FOLDER: what a test needs of an installation, apart from its database.
keep() {
    mkdir -p "$2/keys"
    cp "$1"/keys/*.key "$2/keys/"
    cp "$1/kind" "$1/last-seal.json" "$1/credentials" "$1/case" "$2/"
}

install "$scratch/sqlite"
# The log into the file, and the file small. Nobody else has it open any more.
python3 - "$scratch/sqlite/redress.db" <<'PYTHON'
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("VACUUM")
database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
PYTHON
[[ ! -s $scratch/sqlite/redress.db-wal ]] || { echo 'the log is not empty' >&2 && exit 1; }
keep "$scratch/sqlite" "$scratch/made/sqlite"
gzip -9nc "$scratch/sqlite/redress.db" >"$scratch/made/sqlite/redress.db.gz"

psql -qX -d "$server" -c "CREATE DATABASE $database"
export REDRESS_STORAGE_ENGINE=postgres REDRESS_STORAGE_URL="$server dbname=$database"
install "$scratch/postgres"
keep "$scratch/postgres" "$scratch/made/postgres"
# Without names of schemas, roles and servers: a test loads it where it likes.
pg_dump --no-owner --no-privileges --inserts --rows-per-insert=100 -d "$REDRESS_STORAGE_URL" |
    sed -E -e '/^(SET|SELECT pg_catalog\.set_config|\\|--|$)/d' -e 's/\bpublic\.//g' \
        >"$scratch/made/postgres/database.sql"

rm -rf "${here:?}/$name"
mv "$scratch/made" "$here/$name"
du -sh "$here/$name"
