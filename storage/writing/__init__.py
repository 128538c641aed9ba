"""Writing, on either engine: many operations share one commit, and each can fail by itself.

transaction.py   one write: an operation, its locks, the transaction that it shares
waiting.py       writes that wait for their group; gathering.py: when the next group goes to the writer
group.py         the group's one transaction; facts_kept.py: what each needs to know, kept in memory
drawing.py       ids and tracking codes for a whole group; bulk.py: many rows in one statement
idempotency.py   the same key again gets the same answer; surely.py: what may be done twice is done again
"""
