"""Operations, whatever way they came.

running.py       made ready, and run as their client may; runs.py: one while it runs
documents.py     named instead of sent; trusted.py: the operator's folder of them
throttle.py      what each client may spend; levels.py: how full its allowance is; turns.py: how much of it is worked on at once
told.py          an answer on its way out, written once, to however many it goes; sharing.py: answers that several get
channels.py      subscriptions that ask the same; fan_out.py hands what happens to each of them
"""
