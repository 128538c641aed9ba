"""One writer for all processes of a machine: who writes, and how the others hand over what is to be written.

neighbours.py    a process among others: host of them all, or guest of whoever is
seat.py          which one is the host
host.py          takes in what the others hand over
guest.py         hands over, and waits for what becomes of it
crossing.py      what may go from one to another; frames.py: how
"""
