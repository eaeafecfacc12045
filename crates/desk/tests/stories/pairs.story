# Cases opened by hand, tied, merged and split.
payment A-1 successful
payment A-2 failed
payment A-3 successful
report app A-1 -> case 1; queued acknowledge-1, event-1
open agent ann letter refid A-1 -> already-reported
open agent ann letter refid A-9 -> payment-unknown
open auditor bob letter refid A-2 -> not-allowed
open agent ann letter refid A-2 received 400d -> receipt-time
open agent ann letter refid A-2 received 3d customer C-1 to citizen@example.test says gone -> case 2; queued acknowledge-1, event-1
open agent ann phone says noise -> case 3; queued event-1
open agent ann phone says noise -> case 4; queued event-1
tick 1m
act agent ann 1 link related 2 -> received v2; queued nothing
act agent ann 2 link related 1 -> already-linked
act agent ann 1 link related 1 -> same-case
act agent ann 1 link child 2 -> received v3; queued nothing
act agent ann 1 unlink related 2 -> received v4; queued nothing
act agent ann 1 unlink related 2 -> not-linked
act agent ann 3 merge 2 -> closed v2; queued event-1
act agent ann 3 merge 2 -> a case that is closed cannot be asked to merge; what can be asked of it: comment, reopen, link, unlink
act agent ann 4 merge 3 -> other-case-closed
act agent ann 2 merge 1 carry -> closed v6; queued event-1
tick 1m
act agent ann 1 split refid A-1 says more -> already-reported
act agent ann 1 split refid A-3 says more -> case 1 v6 into case 5; queued nothing
act agent ann 1 split says other -> case 1 v7 into case 6; queued nothing

# The oldest of a queue that nobody has; a person may let it go again.
take agent ann intake -> open v8; queued event-1
take agent ann intake -> open v2; queued event-1
take agent ann intake -> open v2; queued event-1
act agent ann 1 unassign -> open v9; queued nothing
act agent ann 1 wait customer -> waiting v10; queued event-1
take agent bob intake -> open v2; queued event-1
act agent ann 1 resume -> open v11; queued event-1
take agent bob intake -> open v12; queued nothing
take agent bob intake -> queue-empty
take agent bob intake -> queue-empty
take auditor bob intake -> not-allowed
audit -> 28 notes, 0 flaws []
