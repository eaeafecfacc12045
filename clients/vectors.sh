#!/usr/bin/env bash
# Holds the signing of both example clients to the vectors of the wire contract. Needs no server.
# Prints PASS or FAIL for each and ends with `N passed, N failed`; exit code 1 when one failed.

set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=clients/shell/report.sh
source "$here/shell/report.sh"

secret=d2lyZS1jb250cmFjdC10ZXN0LXNlY3JldC0zMmJ5dGU=
timestamp=1760000000
passed=0 failed=0

# check NAME WANTED GOT
check() {
    if [[ $2 == "$3" ]]; then
        passed=$((passed + 1)) && printf 'PASS %s\n' "$1"
    else
        failed=$((failed + 1)) && printf 'FAIL %s: wanted %s, got %s\n' "$1" "$2" "${3:-nothing}"
    fi
}

python_sign() {
    PYTHONDONTWRITEBYTECODE=1 python3 - "$here/python" "$@" <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import report
print(report.sign(*sys.argv[2:7], sys.argv[7].encode()))
PYTHON
}

# vector NONCE METHOD QUERY BODY WANTED
vector() {
    local got
    got=$(sign "$secret" "$timestamp" "$1" "$2" "$3" "$4") || got=
    check "shell $1" "$5" "$got"
    got=$(python_sign "$secret" "$timestamp" "$1" "$2" "$3" "$4") || got=
    check "python $1" "$5" "$got"
}

vector vec-0001-balance-get GET '' '' 'v1=JvtwafpPKs7AK00X9a1FBdrIoiXYKwvLLQFaupO21GQ='
vector vec-0002-statement-get GET 'date=2025-05-01 - 2025-05-31&limit=20&page=1' '' \
    'v1=WfzWXFG+L+IEzW5Ht5Tv8qRpVn4uztab8ZQJlUZLmpc='
vector vec-0003-dispute-post POST '' '{"refid":"A-1001","user_email":["buyer@example.test"]}' \
    'v1=Jc+CgsJpbWtgmKwMsbE4DqUnM4Vv9ttJ/AcM6PVOAtU='

printf '%s passed, %s failed\n' "$passed" "$failed"
((failed == 0))
