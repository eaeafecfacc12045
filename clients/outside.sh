#!/usr/bin/env bash
# Tools of others against the native API: schemathesis asks whatever the document allows and what it
# does not, newman sends the Postman collection. Each on a fresh installation with cases at every
# stage. Whatever it starts, it stops.

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

# What is done to a case before an operation is asked of it, as ACT or ACT:BODY.
history_of() {
    case $1 in
    waitCase | resolveCase | proposeCase) echo start ;;
    resumeCase) echo 'start wait:{"on":"provider"}' ;;
    reopenCase) echo 'close:{"reason":"withdrawn"}' ;;
    approveCase | declineCase) echo 'start propose:{"remedy":"refund"}' ;;
    *) echo ;;
    esac
}

# prepared REFID OPERATION: a case about the payment, ready for the operation; its id in `case_id`.
prepared() {
    local act
    reported "$1" && api GET "/api/v1/cases?refid=$1" || return 1
    case_id=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["cases"][0]["id"])' "$scratch/said") || return 1
    for act in $(history_of "$2"); do
        # Another person than the one who asks afterwards: a proposal needs two.
        token=$second api POST "/api/v1/cases/$case_id/${act%%:*}" \
            "$([[ $act == *:* ]] && echo "${act#*:}" || echo '{}')" || return 1
    done
}

# The operations on one case, and their count of names in the path is one.
operations() {
    python3 -c 'import json, sys
for path, methods in json.load(open(sys.argv[1]))["paths"].items():
    for one in methods.values():
        if path.startswith("/api/v1/cases/{id}"): print(one["operationId"])' "$document"
}

# known OPERATION=CASE...: the document with names that are there, so that not all is "not found",
# and without `fields`, which leaves out what a whole answer always has; our own tests ask for that.
known() {
    python3 -c 'import json, sys
document = json.load(open(sys.argv[1]))
cases = dict(one.split("=") for one in sys.argv[2:])
shared = document["components"]["parameters"]
for methods in document["paths"].values():
    for one in methods.values():
        given = []
        for parameter in one.get("parameters", []):
            parameter = dict(shared.get(parameter.get("$ref", "").split("/")[-1], parameter))
            case = cases.get(one["operationId"])
            if case and parameter["in"] == "path" and parameter["name"] == "id":
                parameter["schema"] = {"type": "string", "examples": [case]}
            if parameter["in"] == "path" and parameter["name"] == "refid":
                parameter["example"] = "G-1"
            if parameter["name"] == "If-Match":
                # It cuts the quotes off whatever it makes by the pattern.
                tags = ["\"1\"", "\"2\"", "\"9\"", "*"]
                parameter["schema"] = {"type": "string", "enum": tags}
                parameter.pop("example", None)
            if parameter["name"] != "fields":
                given.append(parameter)
        one["parameters"] = given
print(json.dumps(document))' "$document" "$@" >"$scratch/openapi.json"
}

# A case for each operation on one; `variables` says which, for newman.
seed() {
    local operation n=1
    local -a cases=()
    variables=(--env-var "baseUrl=$base" --env-var "token=$token"
        --env-var getTransaction_refid=G-1)
    program token add --json --tenant story --env production --role supervisor \
        --name ann@story.example || return 1
    second=$(field "$scratch/said" token)
    for operation in $(operations); do
        prepared "G-$n" "$operation" || return 1
        variables+=(--env-var "${operation}_id=$case_id")
        cases+=("$operation=$case_id")
        n=$((n + 1))
    done
    known "${cases[@]}"
}

newman() (
    local work=$target/tools/newman
    mkdir -p "$work" && cp "$here/postman/"package*.json "$work" && packages "$work" &&
        cd "$work" && npx --no-install newman run "$collection" "${variables[@]}" --color off
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
    cd "$scratch" || exit 1
    timeout "$schemathesis_wait_s" "$target/tools/schemathesis/bin/st" \
        --config-file "$here/schemathesis/schemathesis.toml" \
        run "$scratch/openapi.json" --url "$base" \
        --header "Authorization: Bearer $token" --checks all --workers 2 --seed 7 \
        --max-examples "$schemathesis_examples" --no-color
)

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
    step 'an installation' install
    step 'serve starts' serve
    step 'cases at every stage' seed
    case $1 in
    newman) step 'newman passes the collection' quietly newman ;;
    schemathesis)
        step 'schemathesis is there' quietly python_tools
        step 'schemathesis has no finding' quietly schemathesis
        ;;
    esac
    # Whole, for whoever looks for the cause.
    cp "$scratch/said" "$target/$1.log"
    step 'serve stops when asked' stop
    printf '%s passed, %s failed\n' "$passed" "$failed"
    ((failed == 0))
}

main "$@"
