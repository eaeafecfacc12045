#!/usr/bin/env bash
# Sourced by scripts that need a fresh installation with a running server: makes one by the commands
# an operator has, starts it, and stops it again, also when the script is interrupted.

server_wait_s=60
server='' scratch='' base='' token=''

# begin: a scratch folder, and no settings of whoever runs the tests.
begin() {
    local name
    scratch=$(mktemp -d)
    trap 'stop; rm -rf "$scratch"' EXIT
    trap 'exit 130' INT TERM HUP
    for name in $(compgen -e REDRESS_); do
        [[ $name == REDRESS_TEST_* || $name == REDRESS_LONG ]] || unset "$name"
    done
}

step() {
    local name=$1 && shift
    if "$@"; then
        passed=$((passed + 1)) && printf 'PASS %s\n' "$name"
    else
        failed=$((failed + 1)) && printf 'FAIL %s\n' "$name"
        [[ ! -s $scratch/said ]] || sed 's/^/     /' "$scratch/said" | tail -n 40
    fi
}

program() { "$binary" --dir "$scratch/data" "$@" >"$scratch/said" 2>&1 </dev/null; }

# field FILE NAME: a text of a JSON object.
field() {
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"
}

# payments COUNT: rows of a file to import, G-1 to G-COUNT.
payments() {
    local n
    printf 'refid,trxid,product,account,amount_minor,currency,status,status_at,created_at,'
    printf 'provider,payer_ref\n'
    for ((n = 1; n <= $1; n++)); do
        printf 'G-%s,GT-%s,TNB,22012345%s,4050,MYR,successful,' "$n" "$n" "$n"
        printf '2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,payer-%s\n' "$n"
    done
}

# install: an account with payments, an API key, and an administrator's token.
install() {
    local who=(--tenant story --env production)
    payments 40 >"$scratch/payments.csv"
    program tenant add story --email desk@story.example &&
        program import transactions "$scratch/payments.csv" "${who[@]}" &&
        "$binary" --dir "$scratch/data" key add --json "${who[@]}" >"$scratch/key.json" &&
        "$binary" --dir "$scratch/data" token add --json "${who[@]}" --role administrator \
            --name root@story.example >"$scratch/token.json" &&
        token=$(field "$scratch/token.json" token)
}

# serve: in the background, until it says where it listens.
serve() {
    local until=$((SECONDS + server_wait_s))
    "$binary" --dir "$scratch/data" serve --listen 127.0.0.1:0 >"$scratch/log" 2>&1 </dev/null &
    server=$!
    while ((SECONDS < until)) && kill -0 "$server" 2>/dev/null; do
        base=$(sed -nE 's/^.*redress listens on (http[^ ]+).*$/\1/p' "$scratch/log")
        [[ -z $base ]] || return 0
        sleep 0.1
    done
    cp "$scratch/log" "$scratch/said"
    return 1
}

# reported REFID...: a case about each.
reported() {
    local refid
    REDRESS_API_KEY=$(field "$scratch/key.json" api_key)
    REDRESS_API_SECRET=$(field "$scratch/key.json" secret)
    export REDRESS_API_KEY REDRESS_API_SECRET
    for refid in "$@"; do
        program report --url "$base" --refid "$refid" --email buyer@story.example \
            --says 'Paid, not credited' || return 1
    done
    unset REDRESS_API_KEY REDRESS_API_SECRET
}

# api METHOD PATH [BODY]: with the administrator's token; the answer stands in `said`.
api() {
    local body=()
    (($# < 3)) || body=(-H 'Content-Type: application/json' --data-binary "$3")
    curl --silent --show-error --fail-with-body --max-time 30 -X "$1" \
        -H "Authorization: Bearer $token" "${body[@]}" "$base$2" >"$scratch/said" 2>&1
}

# stop: asks the server to end, and insists after a while.
stop() {
    [[ -n $server ]] || return 0
    local until=$((SECONDS + server_wait_s)) code=0
    kill -TERM "$server" 2>/dev/null
    while kill -0 "$server" 2>/dev/null; do
        if ((SECONDS >= until)); then kill -KILL "$server" 2>/dev/null && code=1; fi
        sleep 0.1
    done
    wait "$server" 2>/dev/null || code=1
    server=''
    return "$code"
}

# What it says is shown when the step fails.
quietly() { "$@" >"$scratch/said" 2>&1; }

# packages FOLDER: brings what its package-lock.json names, when that changed since.
packages() (
    cd "$1" || exit 1
    cmp -s package-lock.json node_modules/.brought && exit 0
    npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.brought
)
