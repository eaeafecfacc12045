#!/usr/bin/env python3
"""Reports an issue on a completed payment with nothing but the standard library of Python 3.

Meant to be read and copied: `sign` is all there is to the API key.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT_S = 30

EPILOG = """\
The answer's body goes to the standard output; its status and the case id, if any, to the standard
error. With --token the case is read back through GET /api/v1/cases/ID and printed as a second line.
Arguments are visible to other users of this machine while the program runs, so the secret is never
one: SECRET is `-` for the variable REDRESS_SECRET, or a file that holds it. --token likewise is `-`
for the variable REDRESS_TOKEN, or a file.

exit code: 0 the report was taken (`Success`)    1 it was not (`Failed`)
           2 these arguments are wrong           3 the call was refused (HTTP 4xx)
           4 no answer, or a fault of the server (HTTP 5xx)

example:   report.py http://127.0.0.1:8080 iimm_dev_4f1c secret.txt A-1001 buyer@example.test
"""


def sorted_query(query):
    """The query as it is signed: decoded pairs, sorted by key, equal keys in their order."""
    pairs = urllib.parse.parse_qsl(query, keep_blank_values=True)
    pairs.sort(key=lambda pair: pair[0])
    return "&".join(f"{key}={value}" for key, value in pairs)


def sign(secret, timestamp, nonce, method, query, body):
    """The value of X-Signature. `secret` is Base64, `body` bytes. The path is not signed."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    text = f"v1:{timestamp}:{nonce}:{method}:{sorted_query(query)}:{digest}"
    key = base64.b64decode(secret, validate=True)
    mac = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return "v1=" + base64.b64encode(mac).decode()


def body_of(given):
    """The body: only what was given, one object."""
    body = {
        "refid": given.refid,
        "trxid": given.trxid,
        "description": given.says,
        "category": given.category,
        "user_email": given.email,
    }
    return json.dumps({key: value for key, value in body.items() if value}).encode()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """The API never redirects; who follows would carry the signature elsewhere."""

    def redirect_request(self, *_):
        return None


def call(url, headers, body=None):
    """Sends one request and returns (status, headers, body as text), whatever the status."""
    request = urllib.request.Request(url, data=body, headers=headers)
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read().decode(errors="replace")


def report(given):
    """Makes the signed call and prints the answer. Returns (exit code, case id or None)."""
    body = body_of(given)
    nonce = given.nonce or secrets.token_hex(16)
    timestamp = given.timestamp or str(int(time.time()))
    headers = {
        "X-Api-Key": given.api_key,
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Signature": sign(given.secret, timestamp, nonce, "POST", "", body),
        "Content-Type": "application/json",
    }
    if given.idempotency_key:
        headers["Idempotency-Key"] = given.idempotency_key
    status, answered, text = call(f"{given.base_url}/v2/transactions/check", headers, body)
    case = answered.get("Redress-Case-Id")
    print(text)
    print(f"HTTP {status}" + (f", case {case}" if case else ""), file=sys.stderr)
    if status == 200:
        taken = json.loads(text).get("data", {}).get("status") == "Success"
        return (0 if taken else 1), case
    return (3 if 400 <= status < 500 else 4), case


def read_back(given, case):
    """Reads the case through the native API and prints it. Returns the exit code."""
    url = f"{given.base_url}/api/v1/cases/{urllib.parse.quote(case, safe='')}"
    status, _, text = call(url, {"Authorization": f"Bearer {given.token}"})
    print(text)
    print(f"HTTP {status}", file=sys.stderr)
    return 0 if status == 200 else 3 if 400 <= status < 500 else 4


def kept(given, variable):
    """What must not be an argument: of the variable when `-` was given, else of a file."""
    if given == "-":
        return os.environ.get(variable, "").strip()
    with open(given, encoding="utf-8") as file:
        return file.read().strip()


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Report an issue on a payment through POST /v2/transactions/check.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("base_url", help="http://127.0.0.1:8080, without /v2")
    parser.add_argument("api_key")
    parser.add_argument("secret", help="`-`: REDRESS_SECRET has it; or the file that does")
    parser.add_argument("refid", help="your reference of the payment; '' with --trxid")
    parser.add_argument("email", nargs="*", help="the first is written to, the others get copies")
    parser.add_argument("--trxid", help="the payment's other id; it wins over REFID")
    parser.add_argument("--says", help="what the customer says, in their own words")
    parser.add_argument("--category", help="what kind of issue it is")
    parser.add_argument("--idempotency-key", help="with it, the same call gets the same answer")
    parser.add_argument("--nonce", help="16 to 128 characters; a fresh one when absent")
    parser.add_argument("--timestamp", help="Unix time in seconds; now when absent")
    parser.add_argument("--token", help="of the native API, read the case back; `-` or a file")
    given = parser.parse_args()
    given.base_url = given.base_url.rstrip("/").removesuffix("/v2")
    try:
        given.secret = kept(given.secret, "REDRESS_SECRET")
        given.token = given.token and kept(given.token, "REDRESS_TOKEN")
    except (OSError, ValueError):
        # What was given is not repeated here: it may be the secret itself.
        parser.error("SECRET and --token are `-` or a file that can be read, not the text itself")
    try:
        base64.b64decode(given.secret, validate=True)
    except ValueError:
        parser.error("the secret is not Base64: keep it as it was issued")
    if not given.secret:
        parser.error("the secret is empty: set REDRESS_SECRET, or give a file that holds it")
    if not (given.refid or given.trxid):
        parser.error("give a REFID or --trxid")
    return given


def main():
    """Runs the command line and returns the exit code."""
    given = arguments()
    try:
        code, case = report(given)
        if given.token and case:
            code = read_back(given, case) or code
        return code
    except (OSError, ValueError) as why:
        print(f"report.py: no answer that can be read: {why}", file=sys.stderr)
        return 4


if __name__ == "__main__":
    sys.exit(main())
