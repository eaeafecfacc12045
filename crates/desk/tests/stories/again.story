# A lost answer is asked for again under its key; the same key for something else is refused.
payment A-1 successful
payment A-2 successful
report app A-1 key k1 -> case 1; queued acknowledge-1, event-1
report app A-1 key k1 -> case 1 again; queued nothing
report app A-2 key k1 -> key-reused-for-other
report other A-1 key k1 -> already-reported

# It is remembered over a restart.
restart
report app A-1 key k1 -> case 1 again; queued nothing

# A nonce is good once: with another request, after a refusal, and after a restart.
report app A-2 nonce n1 -> case 2; queued acknowledge-1, event-1
report app A-2 nonce n1 -> nonce-spent
report app A-9 nonce n2 -> payment-unknown
report app A-9 nonce n2 -> nonce-spent
restart
report app A-9 nonce n1 -> nonce-spent
report app A-9 nonce n2 -> nonce-spent
report app A-9 nonce n3 -> payment-unknown
