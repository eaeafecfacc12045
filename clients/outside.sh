#!/usr/bin/env bash
# Tools of others against the native API: schemathesis asks whatever the document allows and what it
# does not, newman sends the Postman collection. Each on a fresh installation, with what every
# operation needs by clients/steps.json. Whatever it starts, it stops.

set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export no_proxy=127.0.0.1,localhost,::1
# shellcheck source=clients/server.sh
. "$here/server.sh"
document=$here/../contracts/native/openapi.json
collection=$here/../contracts/native/postman.json
# Seconds that schemathesis may take, and requests it makes of each operation.
schemathesis_wait_s=170
schemathesis_examples=12

usage() {
    cat <<'HELP'
Let tools of others ask the native API.

usage: outside.sh schemathesis BINARY TARGET
       outside.sh newman BINARY TARGET

  BINARY   the program
  TARGET   a folder for what is brought: Python and node packages, pinned

Prints PASS or FAIL for each step and ends with `N passed, N failed`.
exit code: 0 all passed   1 one failed   2 the arguments are wrong
HELP
}

# An administrator who may manage accounts too, which only the command line can make.
chief() {
    program token add --json --tenant story --env production --role administrator --installation \
        --name chief@story.example && token=$(field "$scratch/said" token)
}

# The id of the token that asks, and another one to be ended in its place.
tokens() {
    api GET /api/v1/me && own_token=$(field "$scratch/said" credential) &&
        api POST /api/v1/admin/tokens '{"name":"spare","role":"client"}' &&
        spare_token=$(field "$scratch/said" id)
}

# The document with what there is by clients/steps.json, so that not all is "not found".
prepared() {
    python3 "$here/prepare.py" "$document" "$base" <<<"$token" >"$scratch/openapi.json" \
        2>"$scratch/said"
}

newman() (
    local work=$target/tools/newman
    mkdir -p "$work" && cp "$here/postman/"package*.json "$work" && packages "$work" &&
        cd "$work" && npx --no-install newman run "$collection" --color off \
        --env-var "baseUrl=$base" --env-var "token=$token" --env-var prepare=yes
)

# The packages by their exact versions, brought when the list changed since.
python_tools() {
    local tools=$target/tools/schemathesis list=$here/schemathesis/requirements.txt
    cmp -s "$list" "$tools/brought" && return 0
    rm -rf "$tools" && python3 -m venv "$tools" &&
        "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$list" &&
        cp "$list" "$tools/brought"
}

schemathesis() (
    # Hooks are found beside, and what it keeps for another run goes with the scratch folder.
    cp "$here/schemathesis/"*.{toml,py} "$scratch" && cd "$scratch" || exit 1
    export REDRESS_OWN_TOKEN=$own_token REDRESS_SPARE_TOKEN=$spare_token
    export REDRESS_CARRIED_OUT=$scratch/carried-out PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here
    timeout "$schemathesis_wait_s" "$target/tools/schemathesis/bin/st" \
        --config-file schemathesis.toml run "$scratch/openapi.json" --url "$base" \
        --header "Authorization: Bearer $token" --checks all --workers 1 --seed 7 \
        --max-examples "$schemathesis_examples" --no-color
)

# How many operations were carried out at least once, and which were not; all are known by name.
carried_out() {
    python3 -c 'import json, sys
paths = json.load(open(sys.argv[1]))["paths"].values()
known = {one["operationId"] for methods in paths for one in methods.values()}
seen = set(open(sys.argv[2]).read().split())
print(len(known & seen), "of", len(known), "operations were carried out", *sorted(known - seen))
sys.exit(known != known & seen)' "$document" "$scratch/carried-out" | tee "$scratch/said"
    return "${PIPESTATUS[0]}"
}

# The token that asked still opens what it did: nothing of the run ended it unseen.
still_in() { api GET /api/v1/me; }

# Whole, for whoever looks for the cause.
logged() {
    local code=0
    "$@" >"$target/$1.log" 2>&1 || code=$?
    cat "$target/$1.log"
    return "$code"
}

main() {
    case ${1:-} in
    -h | --help) usage && exit 0 ;;
    schemathesis | newman) ;;
    *) usage >&2 && exit 2 ;;
    esac
    (($# == 3)) || { usage >&2 && exit 2; }
    binary=$(realpath "$2") && mkdir -p "$3" && target=$(realpath "$3") || exit 2
    passed=0 failed=0
    begin
    # It asks faster than any caller is granted.
    export REDRESS_NATIVE_REQUESTS_PER_MINUTE=1000000
    # What was done in a case is exported once its history is sealed.
    export REDRESS_AUDIT_SEAL_PERIOD_S=1
    step 'an installation' install
    step 'serve starts' serve
    step 'an administrator of accounts' chief
    case $1 in
    newman) step 'newman passes the collection' quietly logged newman ;;
    schemathesis)
        step 'schemathesis is there' quietly python_tools
        step 'a token to be ended' tokens
        step 'what every operation needs is there' prepared
        step 'schemathesis has no finding' quietly logged schemathesis
        step 'its token was not ended' still_in
        step 'every operation was carried out' carried_out
        ;;
    esac
    step 'serve stops when asked' stop
    printf '%s passed, %s failed\n' "$passed" "$failed"
    ((failed == 0))
}

main "$@"
