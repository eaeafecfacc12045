#!/usr/bin/env bash
# Starts the real program on fresh directories and lets clients/story.sh and clients/office.sh speak
# to it: the demo, and `serve` set up from an empty directory by commands alone, on SQLite and on
# PostgreSQL. Whatever it starts, it stops, also when it is interrupted.

set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ready_wait_s=60
stop_wait_s=30
export no_proxy=127.0.0.1,localhost,::1

usage() {
    cat <<'HELP'
Start the program and run the stories of the outside clients against it.

usage: stories.sh BINARY

  REDRESS_TEST_POSTGRES   where a PostgreSQL for tests is, as in 'host=/run/x user=redress
                          dbname=postgres'; a database is made there and dropped again. Without it
                          the stories on PostgreSQL are counted as failed: nothing is skipped.

Prints PASS or FAIL for each step and ends with `N passed, N failed`.
exit code: 0 all passed   1 one failed   2 the argument is wrong
HELP
}

passed=0 failed=0 server='' database=''

step() {
    local name=$1 && shift
    if "$@"; then
        passed=$((passed + 1)) && printf 'PASS %s\n' "$name"
    else
        failed=$((failed + 1)) && printf 'FAIL %s\n' "$name"
        [[ ! -s $scratch/said ]] || sed 's/^/     /' "$scratch/said" | tail -n 15
    fi
}

# Runs a command of the program; what it says is kept for the case that a step fails.
program() { "$binary" "$@" >"$scratch/said" 2>&1 </dev/null; }

# program_json FILE COMMAND...: the same; what it prints goes into the file.
program_json() {
    local file=$1 && shift
    "$binary" "$@" >"$file" 2>"$scratch/said" </dev/null
}

refuses() { ! timeout 20 "$binary" "$@" >"$scratch/said" 2>&1 </dev/null; }

cleanup() {
    stop
    [[ -z $database ]] || psql_quiet "DROP DATABASE IF EXISTS $database WITH (FORCE)"
    rm -rf "$scratch"
}

psql_quiet() { psql -Xq -d "$REDRESS_TEST_POSTGRES" -c "$1" >>"$scratch/said" 2>&1; }

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# start FILE-TO-APPEAR URL COMMAND...: in the background, until it answers.
start() {
    local file=$1 url=$2 until=$((SECONDS + ready_wait_s)) && shift 2
    "$binary" "$@" >"$scratch/log" 2>&1 </dev/null &
    server=$!
    while ((SECONDS < until)) && kill -0 "$server" 2>/dev/null; do
        if [[ -n $file && -s $file ]]; then
            url=$(field "$file" base_url 2>/dev/null) || url=
        fi
        [[ -z $url ]] || ! curl -s -o /dev/null --max-time 2 "$url" || return 0
        sleep 0.1
    done
    cp "$scratch/log" "$scratch/said"
    return 1
}

# Asks the server to stop, as an operator does, and insists after a while.
stop() {
    [[ -n $server ]] || return 0
    local until=$((SECONDS + stop_wait_s)) code=0
    kill -TERM "$server" 2>/dev/null
    while kill -0 "$server" 2>/dev/null; do
        if ((SECONDS >= until)); then
            kill -KILL "$server" 2>/dev/null
            code=1
        fi
        sleep 0.1
    done
    wait "$server" 2>/dev/null || code=1
    server=''
    return "$code"
}

# field FILE NAME [NAME...]: the first of these names in a JSON object.
field() {
    python3 -c '
import json, sys
value = json.load(open(sys.argv[1], encoding="utf-8"))
print(next(value[name] for name in sys.argv[2:] if name in value))' "$@"
}

# Lets story.sh, or the script named in teller, speak and adds its counts to ours.
tell() {
    local heading=$1 said last && shift
    printf -- '-- %s\n' "$heading"
    said=$("$here/${teller:-story.sh}" "$@" 2>&1)
    printf '%s\n' "$said" | sed '$d'
    last=${said##*$'\n'}
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    else
        failed=$((failed + 1)) && printf 'FAIL the story broke off: %s\n' "$last"
    fi
}

demo() {
    local dir=$scratch/demo refid
    printf -- '-- the demo\n'
    step 'demo refuses an address that others reach' \
        refuses demo --dir "$scratch/refused" --listen 0.0.0.0:0
    step 'demo starts by itself' start "$dir/demo.json" '' demo --dir "$dir" --listen 127.0.0.1:0
    [[ -n $server ]] || return
    step 'demo.json is for its owner alone' test "$(stat -c %a "$dir/demo.json")" = 600
    tell 'the demo, production' "$dir/demo.json"
    tell 'the demo, staging' --staging "$dir/demo.json"
    refid=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["transactions"]["successful"][-1]["refid"])' "$dir/demo.json")
    step 'redress report speaks as a client' \
        program report --dir "$dir" --refid "$refid" --email own@buyer.example --says 'Not paid'
    step 'redress report shows the case' grep -q 'cs_' "$scratch/said"
    step 'demo stops when asked' stop
    step 'serve refuses a demo directory' refuses serve --dir "$dir" --listen 127.0.0.1:0
}

payments() {
    local n status
    printf 'refid,trxid,product,account,amount_minor,currency,status,status_at,created_at,'
    printf 'provider,payer_ref\n'
    for n in 1 2 3 4 5 6; do
        status=successful
        ((n < 5)) || status=failed
        printf 'STORY-%s,TRX-%s,TNB,22012345%s,4050,MYR,%s,' "$n" "$n" "$n" "$status"
        printf '2026-01-05T10:11:12Z,2026-01-05T10:11:10Z,tnb,payer-%s\n' "$n"
    done
}

# An installation from nothing, with the commands an operator has.
install() {
    local dir=$1 who=(--dir "$1" --tenant story --env production)
    payments >"$scratch/payments.csv"
    step 'tenant add' program tenant add --dir "$dir" story --email ops@story.example
    step 'import transactions' program import transactions "$scratch/payments.csv" "${who[@]}"
    step 'token add' program_json "$scratch/token.json" \
        token add "${who[@]}" --role agent --name ann@story.example --json
    step 'key add' program_json "$scratch/key.json" key add "${who[@]}" --json
    step 'token add of an administrator' program_json "$scratch/admin.json" \
        token add "${who[@]}" --role administrator --name head@story.example --json
    step 'a second account' program tenant add --dir "$dir" stranger --email ops@stranger.example
    step 'and a token there' program_json "$scratch/stranger.json" token add --dir "$dir" \
        --tenant stranger --env production --role administrator --name x@stranger.example --json
}

serve() {
    local engine=$1 dir=$scratch/serve-$1 port url
    printf -- '-- serve on %s, from an empty directory\n' "$engine"
    port=$(free_port) url=http://127.0.0.1:$port
    install "$dir"
    step 'serve starts' start '' "$url" serve --dir "$dir" --listen "127.0.0.1:$port"
    export REDRESS_BASE_URL=$url STORY_MAIL_DIR=$dir/mail
    export REDRESS_SUCCESSFUL='STORY-1 STORY-2 STORY-3 STORY-4' REDRESS_FAILED='STORY-5 STORY-6'
    REDRESS_API_KEY=$(field "$scratch/key.json" api_key key)
    REDRESS_SECRET=$(field "$scratch/key.json" secret)
    REDRESS_TOKEN=$(field "$scratch/token.json" token)
    export REDRESS_API_KEY REDRESS_SECRET REDRESS_TOKEN
    tell "serve on $engine"
    export REDRESS_PAYMENT=STORY-3 REDRESS_ADMIN REDRESS_STRANGER
    REDRESS_ADMIN=$(field "$scratch/admin.json" token)
    REDRESS_STRANGER=$(field "$scratch/stranger.json" token)
    teller=office.sh tell "an office on $engine"
    step 'serve stops when asked' stop
    step 'doctor finds nothing wrong' program doctor --dir "$dir"
    step 'audit verify finds nothing wrong' program audit verify --dir "$dir"
    unset REDRESS_BASE_URL STORY_MAIL_DIR REDRESS_SUCCESSFUL REDRESS_FAILED
    unset REDRESS_API_KEY REDRESS_SECRET REDRESS_TOKEN REDRESS_PAYMENT REDRESS_ADMIN
    unset REDRESS_STRANGER
}

serve_postgres() {
    local name=redress_story_$$
    if [[ -z ${REDRESS_TEST_POSTGRES:-} ]] || ! psql_quiet "CREATE DATABASE $name"; then
        failed=$((failed + 1))
        printf 'FAIL serve on PostgreSQL: REDRESS_TEST_POSTGRES names none that answers\n'
        return
    fi
    database=$name
    export REDRESS_STORAGE_ENGINE=postgres
    export REDRESS_STORAGE_URL="${REDRESS_TEST_POSTGRES% dbname=*} dbname=$name"
    serve postgres
    unset REDRESS_STORAGE_ENGINE REDRESS_STORAGE_URL
}

case ${1:-} in
-h | --help) usage && exit 0 ;;
'') usage >&2 && exit 2 ;;
esac
binary=$(realpath -- "$1")
[[ -x $binary ]] || { printf 'stories.sh: %s is no program\n' "$1" >&2 && exit 2; }
scratch=$(mktemp -d)
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
# Settings of whoever runs the tests must not reach the program under test.
for name in $(compgen -e REDRESS_); do
    [[ $name == REDRESS_TEST_* || $name == REDRESS_LONG ]] || unset "$name"
done

demo
serve sqlite
serve_postgres
printf '%s passed, %s failed\n' "$passed" "$failed"
((failed == 0))
