# A case is worked, resolved and closed; each act stands in the history.
payment A-1 successful
report app A-1 -> case 1; queued acknowledge-1, event-1
act agent ann 1 resume -> a case that is received cannot be asked to resume; what can be asked of it: start, wait, comment, assign, resolve, close, propose, approve, decline, take, link, unlink, merge, split
act agent ann 1 start -> open v2; queued event-1
tick 1m
act agent ann 1 wait provider -> waiting v3; queued event-1
act agent ann 1 comment internal -> waiting v4; queued nothing
act agent ann 1 assign refunds -> waiting v5; queued nothing
tick 1m
act agent ann 1 resume version 4 -> the case moved on to version 5
act agent ann 1 resume -> open v6; queued event-1
act agent ann 1 close settled -> not-resolved

# A remedy needs a second person.
act agent ann 1 propose refund -> open v7; queued nothing
act agent ann 1 propose resend -> already-proposed
act agent ann 1 approve -> not-allowed
act supervisor sue 1 approve -> open v8; queued nothing
act supervisor sue 1 decline -> nothing-proposed
act supervisor sue 1 propose resend -> open v9; queued nothing
act supervisor sue 1 decline -> same-person

# The end, and a new case that names the earlier one.
tick 1m
act agent ann 1 resolve upheld key r1 -> resolved v10; queued event-1
act agent ann 1 resolve upheld key r1 -> resolved v10 again; queued nothing
report app A-1 -> already-reported
tick 1m
act agent ann 1 close settled -> closed v11; queued event-1
act agent ann 1 start -> a case that is closed cannot be asked to start; what can be asked of it: comment, reopen, link, unlink
report app A-1 -> case 2; queued acknowledge-1, event-1
act agent ann 1 reopen -> already-reported
tick 1m
act agent ann 2 close duplicate -> closed v2; queued event-1
tick 1m
act agent ann 1 reopen -> open v12; queued event-1

# Who may not.
act auditor bob 1 comment internal -> not-allowed
act client app 1 comment internal -> not-allowed
audit -> 15 notes, 0 flaws []
