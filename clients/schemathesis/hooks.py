"""What schemathesis is told beside its settings: which fields may be refused though the document
allows their values, and a list of what was carried out at least once."""

import os
from datetime import datetime, timezone

import schemathesis
from hypothesis import strategies
from prepare import png

# Times of the years that are taken, as the document's pattern says: of all that have the format
# hardly any would pass it.
schemathesis.openapi.format(
    "date-time",
    strategies.datetimes(
        datetime(2000, 1, 1), datetime(2099, 12, 31), timezones=strategies.just(timezone.utc)
    ).map(lambda time: time.isoformat().replace("+00:00", "Z")),
)

# Rules that no schema can tell.
CURSOR = "only what `next` said, under the same filter, is a cursor"
ONE_PAYMENT = "what goes with what in a query"
LETTERS = "what is a letter or a digit, Unicode says"
UNSEEN = "which characters are not seen, Unicode says"
GROUND = "where an address leads, the rules for outgoing requests say"
NOTHING = "null is left out, and of several fields one must be there"
ROLE = "which rights there are to leave, the role says"

# The fields they are about, everywhere and by operation. Anything else that is valid by the
# document and answered with 400 is a finding.
EVERYWHERE = {"cursor": CURSOR}
UNTOLD = {
    "getStatus": dict.fromkeys(["id", "refid", "trxid"], ONE_PAYMENT),
    "search": dict.fromkeys(
        "refid trxid address account customer provider product category queue assignee "
        "through".split(),
        LETTERS,
    ),
    "openCase": {
        "says": NOTHING,
        "received_at": "not in the future, and not longer ago than 366 days",
    },
    "changeQueue": {"label": NOTHING},
    "changeMember": {"name": NOTHING},
    "changeTenant": {"name": NOTHING},
    "attachEvidence": {"files": "whether it is a picture, its bytes say"},
    "addEndpoint": {"url": GROUND},
    "setSetting": {"value": "each setting has its own rule, which its `about` tells"},
    "setMessage": {"text": "its length counts in bytes, with the longest address in it"},
    "addToken": {"rights": ROLE, "name": "without one it is the member's, which may be longer"},
    "addTenantToken": {"rights": ROLE, "name": "as of addToken"},
    "askJob": {
        "filter.assignee": UNSEEN,
        "with": "which acts need it, their own routes say",
        "with.*": "it is the body of the act's own route",
    },
}
# Lists where a payment's reference goes with nothing else.
ALONE = {"listCases": {"refid", "trxid"}, "listTransactions": {"trxid"}}


def may_be_refused(case, operation, name):
    """Whether a field may be wrong though its schema allows the value."""
    known = EVERYWHERE | UNTOLD.get(operation, {})
    if name in known or name.split(".")[0] + ".*" in known:
        return True
    query = set(case.query or {})
    return name in query and bool(query & ALONE.get(operation, set()))


@schemathesis.check
def refused_by_name(ctx, response, case):
    """A request that the document allows is refused only for a field that is named above."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if response.status_code != 400:
        return
    operation = case.operation.definition.raw.get("operationId", "")
    problem = response.json()
    named = [error["field"] for error in problem.get("errors", [])]
    assert named and all(may_be_refused(case, operation, name) for name in named), (
        f"{operation}: valid by the document, and refused: {problem.get('detail')}"
    )


@schemathesis.hook
def before_call(context, case, kwargs):
    """Ends another token where it would end the one that asks, which the list of tokens names;
    sends a picture where one is wanted, since chance makes none."""
    positive = case.meta is not None and case.meta.generation.mode.is_positive
    if positive and case.operation.definition.raw.get("operationId") == "attachEvidence":
        kwargs["files"] = [("files", ("photo.png", png(), "image/png"))]
    if (case.path_parameters or {}).get("token") == os.environ["REDRESS_OWN_TOKEN"]:
        case.path_parameters["token"] = os.environ["REDRESS_SPARE_TOKEN"]


@schemathesis.hook
def after_call(context, case, response):
    """Writes down what was carried out."""
    if 200 <= response.status_code < 300:
        operation = case.operation.definition.raw.get("operationId", "")
        with open(os.environ["REDRESS_CARRIED_OUT"], "a", encoding="utf-8") as file:
            file.write(f"{operation}\n")
