"""Reports on their way to other systems.

reading.py       hand-overs as they are read
writing.py       queued here, sent by the worker, and told what became of them
outbox.py        what the worker is to send, written in the transaction that decides it
"""
