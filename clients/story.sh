#!/usr/bin/env bash
# The main story, told by two outside clients to a running server: a report is taken, is told apart
# from its repetition, and what is wrong is refused in the words of the contract. It knows nothing
# of the program but its HTTP interface.

set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export no_proxy=127.0.0.1,localhost,::1 PYTHONDONTWRITEBYTECODE=1
mail_wait_s=30

usage() {
    cat <<'HELP'
Run the main story against a server with the shell and the Python client.

usage: story.sh [--staging] [--offset N] FILE     the demo.json of a running server
       story.sh [--offset N]                      the same by the environment:

  REDRESS_BASE_URL    http://127.0.0.1:8080          REDRESS_API_KEY, REDRESS_SECRET
  REDRESS_SUCCESSFUL  references of successful payments, two at least, nothing reported on them
  REDRESS_FAILED      references of failed payments, one at least
  REDRESS_TOKEN       a token of the native API; without it no case is read back
  STORY_MAIL_DIR    where the server's mails arrive as files; without it no mail is awaited

  --staging    use the staging key and transactions; no mail is awaited, none must come
  --offset N   leave out the first N successful payments: a story can be told of a payment once

Prints PASS or FAIL for each step and ends with `N passed, N failed`.
exit code: 0 all passed   1 one failed   2 these arguments are wrong, or the server is not there
HELP
}

fail() {
    printf 'story.sh: %s\n' "$1" >&2
    exit 2
}

# What demo.json says, as variables of the environment.
read_demo() {
    python3 - "$1" "$2" <<'PYTHON' || fail "$1 does not read as a demo.json"
import json, shlex, sys
demo = json.load(open(sys.argv[1], encoding="utf-8"))
prefix = sys.argv[2]
keys, payments = demo["iimmpact"], demo[prefix + "transactions"]
refids = lambda kind: " ".join(row["refid"] for row in payments[kind])
values = {
    "REDRESS_BASE_URL": demo["base_url"],
    "REDRESS_API_KEY": keys[prefix + "api_key"],
    "REDRESS_SECRET": keys[prefix + "secret"],
    "REDRESS_SUCCESSFUL": refids("successful"),
    "REDRESS_FAILED": refids("failed"),
    "REDRESS_TOKEN": "" if prefix else demo.get("native", {}).get("token", ""),
    "STORY_MAIL_DIR": demo.get("mail_dir", ""),
}
for name, value in values.items():
    print(f"{name}={shlex.quote(value)}")
PYTHON
}

# step NAME CONDITION...: one line, one count. The last answer stands under a failure.
step() {
    local name=$1 && shift
    if "$@"; then
        passed=$((passed + 1)) && printf 'PASS %s\n' "$name"
    else
        failed=$((failed + 1)) && printf 'FAIL %s\n     %s\n' "$name" "exit $code, $note, $body"
    fi
}

# report CLIENT [OPTIONS] REFID [EMAIL...] -> code, body, note
report() {
    local client=$1 && shift
    local -a options=()
    while [[ ${1:-} == --* ]]; do options+=("$1" "$2") && shift 2; done
    local -a line=("$client" "${options[@]}" "$REDRESS_BASE_URL" "$REDRESS_API_KEY" - "$@")
    body=$("${line[@]}" 2>"$scratch/note")
    code=$?
    note=$(tr '\n' ' ' <"$scratch/note")
    case_id=$(sed -n 's/.*, case \([^ ]*\).*/\1/p' "$scratch/note")
}

# is CODE STATUS PYTHON-CONDITION on `a`, the answer's body.
is() {
    [[ $code == "$1" && $note == *"HTTP $2"* ]] && json_is "$body" "$3"
}

json_is() {
    printf '%s' "$1" | python3 -c '
import json, sys
a = json.load(sys.stdin)
sys.exit(not eval(sys.argv[1], {"a": a, "text": lambda t: isinstance(t, str) and bool(t)}))
' "$2" 2>/dev/null
}

answers() {
    is "$1" 200 "set(a) == {'data'} and set(a['data']) == {'refid', 'status', 'message'} and \
a['data']['refid'] == '$2' and a['data']['status'] == '$3' and text(a['data']['message'])"
}

refuses_reference() {
    is 3 400 "a == {'message': 'The given data was invalid.', \
'errors': {'trxid': ['Invalid transaction ID or reference ID']}}"
}

refuses_caller() {
    is 3 401 "set(a) == {'error', 'message'} and text(a['error']) and text(a['message'])"
}

has_case() { [[ -n $case_id ]]; }

# One client tells its whole story on its own payment. The two failed payments may be one.
tell() {
    local name=$1 client=$2 refid=$3 failed_refid=$4 email=story-$1-$RANDOM@buyer.example nonce case
    report "$client" "$refid" "$email"
    step "$name: a report on a successful payment is taken" answers 0 "$refid" Success
    step "$name: the case id comes in a header" has_case
    case=$case_id
    report "$client" "$refid" "$email"
    step "$name: the same report again is a duplicate" answers 1 "$refid" Failed
    report "$client" "$failed_refid" "$email"
    step "$name: a failed payment cannot be reported" answers 1 "$failed_refid" Failed
    nonce=story-nonce-$(openssl rand -hex 8)
    report "$client" --nonce "$nonce" no-such-reference "$email"
    step "$name: an unknown reference is refused under trxid" refuses_reference
    report "$client" --nonce "$nonce" no-such-reference "$email"
    step "$name: a nonce is spent once, refused calls too" refuses_caller
    report "$client" --timestamp "$(($(date +%s) - 400))" "$refid" "$email"
    step "$name: a call of long ago is refused" refuses_caller
    REDRESS_SECRET=$(openssl rand -base64 32) report "$client" "$refid" "$email"
    step "$name: another secret is refused" refuses_caller
    if [[ -n ${REDRESS_TOKEN:-} ]]; then
        step "$name: the case is read back" reads_back "$case"
    fi
    if [[ -n ${STORY_MAIL_DIR:-} ]]; then
        step "$name: mail is as it should be" mail_is "$email"
    fi
}

# A body changed under way: the signature was made for another.
tampered() {
    local -a headers=()
    local line refid=$1
    while IFS= read -r line && [[ -n $line ]]; do headers+=(-H "$line"); done < <(
        "$here/shell/report.sh" --print "$REDRESS_BASE_URL" "$REDRESS_API_KEY" - "$refid"
    )
    body=$(curl --silent --show-error --max-time 30 --write-out '\nHTTP %{http_code}' \
        "${headers[@]}" --data-binary "{\"refid\":\"$refid\",\"user_email\":[\"x@y.example\"]}" \
        "${REDRESS_BASE_URL%/}/v2/transactions/check" 2>&1)
    note=${body##*$'\n'} body=${body%$'\n'*} code=3
}

reads_back() {
    body=$(printf 'header = "Authorization: Bearer %s"\n' "$REDRESS_TOKEN" |
        curl --silent --show-error --max-time 30 --fail --config - \
            "${REDRESS_BASE_URL%/}/api/v1/cases/$1" 2>&1)
    code=$? note="case $1"
    ((code == 0)) && json_is "$body" "'$1' in str(a)"
}

mail_is() {
    local until=$((SECONDS + mail_wait_s))
    ((staging == 0)) || until=$((SECONDS + 2))
    code=0 note="mail to $1" body="looked in $STORY_MAIL_DIR"
    while ((SECONDS < until)); do
        if grep -rqsF -- "$1" "$STORY_MAIL_DIR"; then return "$staging"; fi
        sleep 0.2
    done
    return $((1 - staging))
}

main() {
    local offset=0 file='' prefix=''
    staging=0
    while (($#)); do
        case $1 in
        -h | --help) usage && exit 0 ;;
        --staging) staging=1 prefix=staging_ ;;
        --offset) offset=${2:?story.sh: --offset needs a number} && shift ;;
        -*) fail "unknown option $1; --help lists them" ;;
        *) file=$1 ;;
        esac
        shift
    done
    if [[ -n $file ]]; then
        local values
        values=$(read_demo "$file" "$prefix") || exit 2
        eval "$values"
    fi
    : "${REDRESS_BASE_URL:?story.sh: give a demo.json or set this}" "${REDRESS_API_KEY:?}"
    export REDRESS_SECRET=${REDRESS_SECRET:?story.sh: set this}
    local -a successful failed_refids
    read -ra successful <<<"${REDRESS_SUCCESSFUL:?story.sh: set this}"
    read -ra failed_refids <<<"${REDRESS_FAILED:?story.sh: set this}"
    ((${#successful[@]} >= offset + 2)) || fail 'two successful payments are needed'
    curl --silent --output /dev/null --max-time 10 "$REDRESS_BASE_URL" ||
        fail "nobody answers at $REDRESS_BASE_URL"

    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    passed=0 failed=0 code=0 note='' body='' case_id=''
    tell shell "$here/shell/report.sh" "${successful[offset]}" "${failed_refids[0]}"
    tell python "$here/python/report.py" "${successful[offset + 1]}" "${failed_refids[0]}"
    tampered "${successful[offset]}"
    step 'a body changed under way is refused' refuses_caller
    printf '%s passed, %s failed\n' "$passed" "$failed"
    ((failed == 0))
}

main "$@"
