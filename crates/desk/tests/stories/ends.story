# What ends with a case: a proposal lapses, a merge and its link stay together, nothing is written for no change.
payment A-1 successful
report app A-1 -> case 1; queued acknowledge-1, event-1
open agent ann phone says one -> case 2; queued event-1
open agent ann phone says two -> case 3; queued event-1
act agent ann 1 propose refund -> received v2; queued nothing
act agent ann 1 resolve upheld -> resolved v3; queued event-1
act supervisor bob 1 approve -> a case that is resolved cannot be asked to approve; what can be asked of it: comment, close, reopen, link, unlink, merge
act agent ann 1 reopen -> open v4; queued event-1
act supervisor bob 1 approve -> nothing-proposed
act agent ann 1 propose resend -> open v5; queued nothing
act agent ann 1 split says other -> case 1 v6 into case 4; queued nothing
act supervisor bob 1 decline -> open v7; queued nothing
act agent ann 1 propose resend -> open v8; queued nothing
act agent ann 1 close withdrawn -> closed v9; queued event-1
act agent ann 1 reopen -> open v10; queued event-1
act agent ann 1 propose refund -> open v11; queued nothing

# A merge: the proposal lapses, and the link is the merge's.
act agent ann 1 merge 2 -> closed v12; queued event-1
act agent ann 1 unlink duplicate-of 2 -> cs_01kjmdeb80cre67jz1whck43eq was merged into cs_01kjmdeb80admj4qp0facn0sv1, and its link says so; reopen cs_01kjmdeb80cre67jz1whck43eq first to take the merge back
act agent ann 2 unlink has-duplicate 1 -> cs_01kjmdeb80cre67jz1whck43eq was merged into cs_01kjmdeb80admj4qp0facn0sv1, and its link says so; reopen cs_01kjmdeb80cre67jz1whck43eq first to take the merge back
act agent ann 1 link duplicate-of 3 -> cs_01kjmdeb80cre67jz1whck43eq was merged into cs_01kjmdeb80admj4qp0facn0sv1, and its link says so; reopen cs_01kjmdeb80cre67jz1whck43eq first to take the merge back
act agent ann 3 link has-duplicate 1 -> cs_01kjmdeb80cre67jz1whck43eq was merged into cs_01kjmdeb80admj4qp0facn0sv1, and its link says so; reopen cs_01kjmdeb80cre67jz1whck43eq first to take the merge back
act agent ann 1 link related 3 -> closed v13; queued nothing
act agent ann 2 merge 1 -> other-case-closed
act agent ann 1 reopen -> open v14; queued event-1
act agent ann 2 merge 1 -> the other case is a `has-duplicate` of this one already, by a link between the two or over cases between them: the other way round; unlink that first
act agent ann 1 unlink duplicate-of 2 -> open v15; queued nothing
act agent ann 2 merge 1 -> closed v4; queued event-1

# The other way round.
act agent ann 3 link parent 1 -> received v3; queued nothing
act agent ann 3 link child 1 -> the other case is a `parent` of this one already, by a link between the two or over cases between them: the other way round; unlink that first
act agent ann 1 link parent 3 -> the other case is a `child` of this one already, by a link between the two or over cases between them: the other way round; unlink that first
act agent ann 1 link child 3 -> already-linked

# No change.
take agent ann intake -> open v18; queued nothing
act agent ann 3 take -> open v4; queued event-1
act agent ann 3 assign intake -> the case is so already: its queue, its person and its stage would stay
act agent ann 3 wait customer -> waiting v5; queued event-1
act agent ann 3 wait customer -> the case is so already: its queue, its person and its stage would stay
act agent ann 3 wait provider -> waiting v6; queued event-1
audit -> 33 notes, 0 flaws []
