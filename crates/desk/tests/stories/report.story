# A report on a completed payment opens one case and tells everyone; a second one is refused.
payment A-1 successful
report app A-1 says broken -> case 1; queued acknowledge-1, event-1
report app A-1 -> already-reported
report app trxid:T-A-1 -> already-reported

# What cannot be reported.
payment A-2 processing
payment A-3 failed
payment A-4 accepted
report app A-2 -> payment-pending
report app A-3 -> payment-failed
report app A-4 -> payment-pending
report app A-9 -> payment-unknown
report app trxid:none -> payment-unknown

# It can be once it has ended, and no more when it was given back.
tick 1m
payment A-2 successful
report app A-2 -> case 2; queued acknowledge-1, event-1
tick 1m
payment A-1 refunded
report app A-1 -> already-reported

# The environments do not see each other; staging sends no mail.
report app A-1 staging -> payment-unknown
payment S-1 successful staging
report app S-1 -> payment-unknown
report app S-1 staging -> case 3; queued event-1
audit -> 3 notes, 0 flaws []
