#!/usr/bin/env bash
# Reports an issue on a completed payment with nothing but bash, curl and openssl. Meant to be read
# and copied: `sign` is all there is to the API key.

set -euo pipefail

usage() {
    cat <<'HELP'
Report an issue on a payment through POST /v2/transactions/check.

usage: report.sh [OPTIONS] BASE_URL API_KEY SECRET REFID [EMAIL...]

  BASE_URL   http://127.0.0.1:8080, without /v2
  SECRET     as it was issued, in Base64; `-` reads it from the variable REDRESS_SECRET
  REFID      your reference of the payment; may be '' when --trxid is given
  EMAIL      whom to keep informed: the first is written to, the others get copies

  --trxid T            the payment's other id; it wins over REFID
  --says TEXT          what the customer says, in their own words
  --category C         what kind of issue it is
  --idempotency-key K  the same call again with K gets the first answer again
  --nonce N            16 to 128 characters, a fresh one when absent
  --timestamp S        Unix time in seconds, now when absent
  --print              print headers and body of the signed call, send nothing
  -h, --help           this text

The answer's body goes to the standard output; its status and the case id, if any, to the standard
error. Arguments are visible to other users of this machine while the script runs, and so is the
key that openssl is given: it is an example and a tool for tests.

exit code: 0 the report was taken (`Success`)    1 it was not (`Failed`)
           2 these arguments are wrong           3 the call was refused (HTTP 4xx)
           4 no answer, or a fault of the server (HTTP 5xx)

example:   report.sh http://127.0.0.1:8080 iimm_dev_4f1c "$SECRET" A-1001 buyer@example.test
HELP
}

# Standard Base64 of what comes in, on one line.
base64_line() { openssl base64 -A; }

# sign SECRET TIMESTAMP NONCE METHOD QUERY BODY -> the value of X-Signature.
# QUERY is `key=value` joined by `&`, decoded and sorted by key. The path is not signed.
sign() {
    local secret=$1 timestamp=$2 nonce=$3 method=$4 query=$5 body=$6 hash key
    hash=$(printf '%s' "$body" | openssl dgst -sha256 -binary | base64_line)
    key=$(printf '%s' "$secret" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
    printf 'v1='
    printf 'v1:%s:%s:%s:%s:%s' "$timestamp" "$nonce" "$method" "$query" "$hash" |
        openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64_line
}

# A JSON string. Control characters are refused rather than escaped: none belongs here.
json_string() {
    case $1 in
    *[$'\x01'-$'\x1f']*) fail "control characters are not sent: ${1@Q}" ;;
    esac
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# The body: only what was given, one object.
body_of() {
    local body='' email emails=''
    [[ -z $refid ]] || body+="\"refid\":$(json_string "$refid"),"
    [[ -z $trxid ]] || body+="\"trxid\":$(json_string "$trxid"),"
    [[ -z $says ]] || body+="\"description\":$(json_string "$says"),"
    [[ -z $category ]] || body+="\"category\":$(json_string "$category"),"
    for email in "${emails_given[@]}"; do emails+="$(json_string "$email"),"; done
    [[ -z $emails ]] || body+="\"user_email\":[${emails%,}],"
    printf '{%s}' "${body%,}"
}

fail() {
    printf 'report.sh: %s\n' "$1" >&2
    exit 2
}

parse() {
    local -a plain=()
    local more=1
    while (($#)); do
        if ((more)); then
            case $1 in
            -h | --help) usage && exit 0 ;;
            --print) print=1 && shift && continue ;;
            --) more=0 && shift && continue ;;
            --trxid | --says | --category | --idempotency-key | --nonce | --timestamp)
                (($# > 1)) || fail "$1 needs a value"
                local name=${1#--}
                printf -v "${name//-/_}" '%s' "$2"
                shift 2 && continue
                ;;
            --*) fail "unknown option $1; --help lists them" ;;
            esac
        fi
        plain+=("$1") && shift
    done
    ((${#plain[@]} >= 4)) || fail 'BASE_URL API_KEY SECRET REFID are needed; --help says more'
    base=${plain[0]%/} api_key=${plain[1]} secret=${plain[2]} refid=${plain[3]}
    emails_given=("${plain[@]:4}")
    base=${base%/v2}
    [[ $secret != - ]] || secret=${REDRESS_SECRET:?report.sh: set REDRESS_SECRET}
    [[ -n $refid || -n $trxid ]] || fail 'give a REFID or --trxid'
    return 0
}

# What the body says: `Success` is the only good answer.
verdict() {
    case $status in
    200) [[ $answer =~ \"status\"[[:space:]]*:[[:space:]]*\"Success\" ]] || return 1 ;;
    4??) return 3 ;;
    *) return 4 ;;
    esac
}

main() {
    local trxid='' says='' category='' idempotency_key='' nonce='' timestamp='' print=0
    local base api_key secret refid body signature headers answer status case_id
    local -a emails_given sent
    parse "$@"
    nonce=${nonce:-$(openssl rand -hex 16)}
    timestamp=${timestamp:-$(date +%s)}
    body=$(body_of)
    signature=$(sign "$secret" "$timestamp" "$nonce" POST '' "$body")
    sent=("X-Api-Key: $api_key" "X-Timestamp: $timestamp" "X-Nonce: $nonce"
        "X-Signature: $signature" 'Content-Type: application/json')
    [[ -z $idempotency_key ]] || sent+=("Idempotency-Key: $idempotency_key")
    if ((print)); then
        printf '%s\n' "${sent[@]}" '' "$body"
        return 0
    fi
    headers=$(mktemp)
    # shellcheck disable=SC2064 # the name is known now and not at the exit
    trap "rm -f '$headers'" EXIT
    answer=$(curl --silent --show-error --max-time 30 --dump-header "$headers" \
        "${sent[@]/#/-H}" --data-binary "$body" "$base/v2/transactions/check") || return 4
    status=$(sed -n 's|^HTTP/[0-9.]* \([0-9]*\).*|\1|p' "$headers" | tail -n 1)
    case_id=$(tr -d '\r' <"$headers" | sed -n 's/^redress-case-id: *//Ip')
    printf '%s\n' "$answer"
    printf 'HTTP %s%s\n' "$status" "${case_id:+, case $case_id}" >&2
    verdict
}

# Sourced by clients/vectors.sh, which wants `sign` alone.
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    main "$@"
fi
