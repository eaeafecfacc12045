#!/usr/bin/env python3
"""Prepares a server for whoever asks every operation of the native API once.

usage: prepare.py DOCUMENT BASE < TOKEN

Follows clients/steps.json against the server at BASE, and prints the OpenAPI document with what
it found there: ids that exist as examples, bodies that can be carried out. What else it changes in
the document has its reason beside it.
"""

import json
import pathlib
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib

# Seconds that something may take to become what `until` says; a second try comes after five.
UNTIL_S = 30
# Seconds one answer may take.
ANSWER_S = 30



def png():
    """A picture of one pixel: what the document shows is a PDF, of which there is no preview."""
    chunk = lambda kind, data: (
        len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    )
    head = (1).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    dot = zlib.compress(bytes([0, 200, 30, 30]))
    chunks = [(b"IHDR", head), (b"IDAT", dot), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


def form(name):
    """A body of several parts with that picture in it, whose boundary is XX."""
    head = f'--XX\r\nContent-Disposition: form-data; name="{name}"; filename="photo.png"\r\n'
    return head.encode() + b"Content-Type: image/png\r\n\r\n" + png() + b"\r\n--XX--\r\n"


STEPS = json.loads((pathlib.Path(__file__).parent / "steps.json").read_text())


def filled(value, names):
    """The value with its {{names}} put in."""
    if isinstance(value, str):
        fill = lambda hit: str(uuid.uuid4()) if hit[1] == "$guid" else names[hit[1]]
        return re.sub(r"\{\{([^}]+)\}\}", fill, value)
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if isinstance(value, dict):
        return {name: filled(one, names) for name, one in value.items()}
    return value


def at(value, place):
    """The field at a place like `deliveries.0.id`; nothing where there is none."""
    for name in place.split("."):
        if isinstance(value, list):
            value = value[int(name)] if int(name) < len(value) else None
        else:
            value = (value or {}).get(name)
    return value


class Server:
    """The server with its document and a token."""

    def __init__(self, document, base, token):
        self.base, self.token, self.operations = base, token, {}
        for path, methods in document["paths"].items():
            for method, one in methods.items():
                self.operations[one["operationId"]] = (method, path, one)

    def ask(self, step, names):
        """Carries a step out and returns the answer."""
        method, path, one = self.operations[step["operation"]]
        content = one.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            data, kind = form("files"), "multipart/form-data; boundary=XX"
        else:
            sent = content.get("application/json", {})
            body = filled(step.get("body", sent.get("example", {})), names)
            data, kind = json.dumps(body).encode(), "application/json"
        place = lambda hit: urllib.parse.quote(names[STEPS["names"].get(hit[1], hit[1])], safe="")
        request = urllib.request.Request(
            self.base + re.sub(r"\{([^}]+)\}", place, path),
            method=method.upper(),
            data=None if method == "get" else data,
            headers={
                "Authorization": "Bearer " + names.get(step.get("as"), self.token),
                "Content-Type": kind,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as no:
            sys.exit(f"{step['operation']}: {no.code} {no.read().decode()}")

    def carry_out(self, step, names):
        """Carries a step out, repeatedly where it says so, and keeps what it names."""
        names.update(filled(step.get("let", {}), names))
        until = time.monotonic() + UNTIL_S
        while True:
            answer = self.ask(step, names)
            if all(at(answer, place) == value for place, value in step.get("until", {}).items()):
                break
            if time.monotonic() > until:
                sys.exit(f"{step['operation']}: still {json.dumps(answer)}")
            time.sleep(0.2)
        for name, place in step.get("keep", {}).items():
            names[name] = at(answer, place)


# Tags as they come: a generator cuts the quotes off whatever it makes by the pattern.
TAGS = {"type": "string", "enum": ['"1"', '"2"', '"9"', "*"]}
# Lists that are longer take a generator minutes; our own tests send those of full length.
ITEMS_MAX = 100


def shorter(value):
    """Takes the upper bound from lists that may be very long."""
    if isinstance(value, list):
        return [shorter(one) for one in value]
    if not isinstance(value, dict):
        return value
    long = value.get("type") is not None and (value.get("maxItems") or 0) > ITEMS_MAX
    return {name: shorter(one) for name, one in value.items() if not (long and name == "maxItems")}


def shown(document, one, row, names):
    """Puts what exists into an operation as its examples."""
    shared = document["components"]["parameters"]
    given = []
    for parameter in one.get("parameters", []):
        parameter = dict(shared.get(parameter.get("$ref", "").split("/")[-1], parameter))
        name = STEPS["names"].get(parameter["name"], parameter["name"])
        if parameter["in"] == "path" and name in names:
            there = {"type": "string", "enum": [names[name]]}
            parameter["schema"] = {"anyOf": [there, parameter["schema"]]}
            parameter["example"] = names[name]
        if parameter["name"] == "fields":
            # It leaves out what the answer always has without it; our own tests ask for it.
            continue
        if parameter["name"] == "If-Match":
            parameter["schema"] = TAGS
            parameter.pop("example", None)
        if parameter["in"] == "query" and parameter["name"] in row.get("query", {}):
            parameter["example"] = filled(row["query"][parameter["name"]], names)
        given.append(parameter)
    one["parameters"] = given
    if "body" in row:
        one["requestBody"]["content"]["application/json"]["example"] = filled(row["body"], names)


def main():
    document = json.load(open(sys.argv[1], encoding="utf-8"))
    server = Server(document, sys.argv[2], sys.stdin.readline().strip())
    for operation, (_, _, one) in server.operations.items():
        row, names = STEPS["operations"].get(operation, {}), dict(STEPS["defaults"])
        for name in row.get("before", []):
            for step in STEPS["steps"][name]:
                server.carry_out(step, names)
        shown(document, one, row, names)
    json.dump(shorter(document), sys.stdout)


if __name__ == "__main__":
    main()
