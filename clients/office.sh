#!/usr/bin/env bash
# The day of an office, told to the native API of a running server by curl alone: people and queues
# are set up, cases opened by telephone, worked, joined and closed, found and taken away by export,
# and what a stranger or a narrow token asks is refused. It knows nothing but the HTTP interface.

set -uo pipefail
export no_proxy=127.0.0.1,localhost,::1
wait_s=60

usage() {
    cat <<'HELP'
Run the story of an office against a server's native API.

usage: office.sh        everything comes by the environment:

  REDRESS_BASE_URL   http://127.0.0.1:8080
  REDRESS_ADMIN      a token of an administrator
  REDRESS_STRANGER   a token of an administrator of another account
  REDRESS_PAYMENT    the reference of a successful payment on which nothing was reported

It writes into the account: use one made for trials. It can be told once to an account.
Prints PASS or FAIL for each step and ends with `N passed, N failed`.
exit code: 0 all passed   1 one failed   2 the environment lacks something
HELP
}

# ask TOKEN METHOD PATH [BODY] [HEADER...] -> status, body, headers in $scratch/headers
ask() {
    local token=$1 method=$2 path=$3 json=${4:-} header
    local -a options=(--silent --show-error --max-time 60 --request "$method"
        --dump-header "$scratch/headers" --output "$scratch/body" --write-out '%{http_code}')
    [[ -z $json ]] || options+=(--header 'Content-Type: application/json' --data-binary "$json")
    for header in "${@:5}"; do options+=(--header "$header"); done
    status=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
        curl --config - "${options[@]}" "${REDRESS_BASE_URL%/}$path" 2>"$scratch/note")
    body=$(cat "$scratch/body")
    asked="$method $path"
}

# is STATUS [PYTHON-CONDITION on `a`, the answer's body]
is() {
    [[ $status == "$1" ]] && [[ -z ${2:-} || $(value "bool($2)") == True ]]
}

# value PYTHON-EXPRESSION of `a`.
value() {
    printf '%s' "$body" | python3 -c '
import json, sys
print(eval(sys.argv[1], {"a": json.load(sys.stdin)}))' "$1" 2>>"$scratch/note"
}

# header NAME: of the last answer.
header() {
    tr -d '\r' <"$scratch/headers" | sed -n "s/^$1: //Ip" | tail -n 1
}

step() {
    local name=$1 && shift
    if "$@"; then
        passed=$((passed + 1)) && printf 'PASS %s\n' "$name"
    else
        failed=$((failed + 1))
        printf 'FAIL %s\n     %s: %s %s %s\n' "$name" "$asked" "$status" "$body" \
            "$(tr '\n' ' ' <"$scratch/note")"
    fi
}

fresh() { printf 'Idempotency-Key: %s' "$(openssl rand -hex 16)"; }

# make TOKEN PATH BODY: a write under a fresh idempotency key.
make() { ask "$1" POST "$2" "$3" "$(fresh)"; }

# await CONDITION TOKEN PATH: reads until it holds, for what follows a write after a while.
await() {
    local until=$((SECONDS + wait_s))
    while ((SECONDS < until)); do
        ask "$2" GET "$3"
        [[ $(value "bool($1)") != True ]] || break
        sleep 0.2
    done
}

# act ID ACT [BODY]: an act of the agent on a case.
act() { make "$agent" "/api/v1/cases/$1/$2" "${3:-}"; }

# phone TEXT -> case: a case opened by telephone.
phone() {
    make "$agent" /api/v1/cases "{\"channel\":\"phone\",\"customer\":\"C-7\",\"says\":\"$1\"}"
    case=$(value 'a["id"]')
}

people() {
    local key
    make "$REDRESS_ADMIN" /api/v1/admin/queues '{"name":"desk","label":"Front desk"}'
    step 'an administrator adds a queue' is 200
    make "$REDRESS_ADMIN" /api/v1/admin/members \
        '{"email":"ann@office.example","name":"Ann","role":"agent"}'
    step 'and a person' is 200 'a["id"].startswith("mb_")'
    make "$REDRESS_ADMIN" /api/v1/admin/tokens \
        '{"name":"ann of the front desk","role":"agent","days":30}'
    step 'and a token, shown once' is 200 'a["secret"].startswith("rdt_")'
    agent=$(value 'a["secret"]')
    make "$REDRESS_ADMIN" /api/v1/admin/tokens \
        '{"name":"status page","role":"client","rights":["read-status"],"days":30}'
    narrow=$(value 'a["secret"]')
    ask "$REDRESS_ADMIN" GET /api/v1/admin/tokens
    step 'the list of tokens holds no token' is 200 'len(a["tokens"]) >= 3 and "rdt_" not in str(a)'
    ask "$agent" GET /api/v1/me
    step 'the agent sees what he is' is 200 'a["role"] == "agent"'
    ask "$agent" GET /api/v1/admin/tokens
    step 'and may not administer' is 403 'a["code"] == "not-allowed"'
    ask "$REDRESS_ADMIN" GET /api/v1/admin/history
    step 'what was set up is in the history' is 200 'len(a["history"]) >= 4'
    key=$(fresh)
    ask "$REDRESS_ADMIN" POST /api/v1/admin/settings/sender-name '{"value":"Office Pay"}' "$key"
    step 'a setting is set' is 200
}

opening() {
    local key first
    key=$(fresh)
    local text='{"channel":"phone","customer":"C-7","says":"Baucar tidak berfungsi"}'
    ask "$agent" POST /api/v1/cases "$text" "$key"
    step 'a case is opened by telephone' is 201 'a["stage"] == "received"'
    case=$(value 'a["id"]') first=$case
    ask "$agent" POST /api/v1/cases "$text" "$key"
    step 'the same call again is the same case' is 201 "a['id'] == '$first'"
    ask "$agent" POST /api/v1/cases "${text/C-7/C-8}" "$key"
    step 'the same key with other content is refused' is 422 'a["code"] == "key-reused-for-other"'
    ask "$agent" POST /api/v1/cases '{"channel":"pigeon","says":"x"}' "$(fresh)"
    step 'an unknown channel is named' is 400 'a["errors"][0]["field"] == "channel"'
    ask "$agent" GET "/api/v1/transactions/$REDRESS_PAYMENT"
    step 'a payment says that it can be reported' is 200 'a["reportable"] is True'
}

working() {
    local tag
    ask "$agent" GET "/api/v1/cases/$case"
    tag=$(header etag)
    act "$case" assign '{"queue":"desk"}'
    step 'the case goes to the queue' is 200
    ask "$agent" POST "/api/v1/cases/$case/take" '' "$(fresh)" "If-Match: $tag"
    step 'an act upon an older state is refused' is 412
    make "$agent" /api/v1/queues/desk/take ''
    step 'the agent takes the next case of the queue' is 200 "a['id'] == '$case'"
    make "$agent" /api/v1/queues/desk/take ''
    step 'then the queue is empty' is 404 'a["code"] == "queue-empty"'
    act "$case" comment '{"says":"The provider was rung up.","to_customer":false}'
    step 'he notes something' is 200
    act "$case" wait '{"on":"provider"}'
    step 'he waits for the provider' is 200 'a["stage"] == "waiting"'
    act "$case" resume
    step 'he goes on' is 200
    act "$case" close '{}'
    step 'a close without a reason is refused' is 400 'a["errors"][0]["field"] == "reason"'
    act "$case" resolve '{"outcome":"upheld","says":"The voucher was used up."}'
    step 'he states the outcome' is 200 'a["stage"] == "resolved"'
    act "$case" reopen '{"says":"The new one fails too."}'
    step 'the case is taken up again' is 200
    act "$case" close '{"reason":"withdrawn"}'
    step 'and ended with a reason' is 200 'a["stage"] == "closed"'
    ask "$agent" GET "/api/v1/cases/$case/timeline"
    step 'the timeline tells all of it' is 200 'len(a["entries"]) >= 8'
    ask "$narrow" GET "/api/v1/status?id=$case"
    step 'a status page learns the status' is 200
    ask "$narrow" GET "/api/v1/cases/$case"
    step 'and nothing more' is 403
}

joining() {
    local one two job
    phone 'Two bills on one receipt' && one=$case
    phone 'The second of the two bills' && two=$case
    act "$two" link "{\"case\":\"$one\",\"kind\":\"related\"}"
    step 'two cases are tied' is 200
    act "$two" merge "{\"into\":\"$one\"}"
    step 'one is merged into the other' is 200 'a["stage"] == "closed"'
    act "$one" split '{"says":"The second bill after all."}'
    step 'and a part is split off' is 200 'a["part"].startswith("cs_")'
    two=$(value 'a["part"]')
    make "$agent" /api/v1/jobs \
        "{\"act\":\"comment\",\"cases\":[\"$one\",\"$two\",\"cs_01jd3v5k8h0000000000000000\"],
          \"with\":{\"says\":\"In one go.\"}}"
    step 'an act on many is a job' is 202
    job=$(value 'a["id"]')
    await 'a["state"] == "done"' "$agent" "/api/v1/jobs/$job"
    step 'the job ends' is 200 'a["state"] == "done"'
    ask "$agent" GET "/api/v1/jobs/$job/rows"
    step 'with a result for each row' is 200 'len(a["rows"]) == 3'
}

finding() {
    local cursor
    await 'len(a["found"]) == 1' "$agent" '/api/v1/search?q=baucar'
    step 'a case is found by a word' is 200 'len(a["found"]) == 1'
    ask "$agent" GET '/api/v1/cases?limit=2'
    step 'a page of cases has a cursor' is 200 'len(a["cases"]) == 2 and a["next"]'
    cursor=$(value 'a["next"]')
    ask "$agent" GET "/api/v1/cases?limit=2&stage=closed&cursor=$cursor"
    step 'that fits no other filter' is 400
    await 'len(a["rows"]) >= 4' "$REDRESS_ADMIN" '/api/v1/export/cases?limit=100'
    step 'the cases leave by export' is 200 'len(a["rows"]) >= 4'
}

strangers() {
    ask "$REDRESS_STRANGER" GET "/api/v1/cases/$case"
    step 'another account does not see a case' is 404
    ask "$REDRESS_STRANGER" GET '/api/v1/search?q=baucar'
    step 'nor finds it' is 200 'a["found"] == []'
    ask "$REDRESS_STRANGER" GET '/api/v1/export/cases'
    step 'nor takes it away' is 200 'a["rows"] == []'
    ask nonsense GET /api/v1/cases
    step 'no credential, no answer' is 401
    make "$REDRESS_ADMIN" /api/v1/admin/tokens '{"name":"to end","role":"agent","days":1}'
    local id token
    id=$(value 'a["id"]') token=$(value 'a["secret"]')
    make "$REDRESS_ADMIN" "/api/v1/admin/tokens/$id/revoke" ''
    step 'a token is ended' is 200
    ask "$token" GET /api/v1/me
    step 'and is refused from then on' is 401
}

case ${1:-} in
-h | --help) usage && exit 0 ;;
'') ;;
*) usage >&2 && exit 2 ;;
esac
: "${REDRESS_BASE_URL:?office.sh: set this}" "${REDRESS_ADMIN:?}" "${REDRESS_STRANGER:?}"
: "${REDRESS_PAYMENT:?office.sh: set this}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
passed=0 failed=0 status='' body='' asked='' case='' agent='' narrow=''
people
opening
working
joining
finding
strangers
printf '%s passed, %s failed\n' "$passed" "$failed"
((failed == 0))
