"""The event log: append-only, numbered in commit order without holes, and the truth of what happened.

appending.py     numbers, the clock that never stands still, the hash chain
reading.py       entries with all that judging them needs, and how far a class of viewers may see
tail.py          the newest entries, read once for all subscriptions of a process; bell.py wakes who waits for them
facets.py        what filters ask of a report, just before and just after an event
hiding.py        which entries tell that something may be hidden now
"""
