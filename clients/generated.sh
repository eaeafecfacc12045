#!/usr/bin/env bash
# The clients that are made from the API's document, both built and both told to a fresh server: the
# TypeScript client by node, the Rust client by cargo. Whatever it starts, it stops.

set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export no_proxy=127.0.0.1,localhost,::1
# shellcheck source=clients/server.sh
. "$here/server.sh"

usage() {
    cat <<'HELP'
Build the generated clients and let them speak to the program.

usage: generated.sh BINARY TARGET

  BINARY   the program
  TARGET   a folder for what is built and brought: node_modules, the clients

Prints PASS or FAIL for each step and ends with `N passed, N failed`.
exit code: 0 all passed   1 one failed   2 the arguments are wrong
HELP
}

# tell HEADING COMMAND...: a story that ends with `N passed, N failed`.
tell() {
    local heading=$1 said last && shift
    printf -- '-- %s\n' "$heading"
    said=$("$@" 2>&1)
    printf '%s\n' "$said" | sed '$d'
    last=${said##*$'\n'}
    if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed$ ]]; then
        passed=$((passed + BASH_REMATCH[1])) failed=$((failed + BASH_REMATCH[2]))
    else
        failed=$((failed + 1)) && printf 'FAIL the story broke off: %s\n' "$last"
    fi
}

typescript() (
    local work=$target/clients/typescript
    mkdir -p "$work" && cp -r "$here/typescript/." "$work" && cd "$work" &&
        packages "$work" &&
        npx --no-install openapi-typescript "$here/../contracts/native/openapi.json" \
            --default-non-nullable=false -o src/schema.ts && npx --no-install tsc
)

rust() {
    CARGO_TARGET_DIR=$target/clients/rust cargo build --quiet --locked --examples \
        --manifest-path "$here/rust/Cargo.toml"
}

main() {
    case ${1:-} in
    -h | --help) usage && exit 0 ;;
    esac
    (($# == 2)) || { usage >&2 && exit 2; }
    binary=$(realpath "$1") && mkdir -p "$2" && target=$(realpath "$2") || exit 2
    passed=0 failed=0
    begin
    step 'the TypeScript client is made and compiles' quietly typescript
    step 'the Rust client compiles' quietly rust
    # What was done in a case is exported once its history is sealed.
    export REDRESS_AUDIT_SEAL_PERIOD_S=1
    step 'an installation' install
    step 'serve starts' serve
    step 'two cases are reported' reported G-1 G-2
    export REDRESS_BASE_URL=$base REDRESS_TOKEN=$token
    REDRESS_REFID=G-1 tell 'the TypeScript client' node "$target/clients/typescript/dist/story.js"
    REDRESS_REFID=G-2 tell 'the Rust client' "$target/clients/rust/debug/examples/story"
    step 'serve stops when asked' stop
    printf '%s passed, %s failed\n' "$passed" "$failed"
    ((failed == 0))
}

main "$@"
