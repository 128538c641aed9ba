"""How statements are made and run.

prepared.py      built and compiled once, run as the driver's own text
keyset.py        pages of a list by the keys of rows, in both directions
lean.py          rows with but the columns that somebody asked for
time_limit.py    what counts may take only so long
dialects.py      what each engine writes in its own way
"""
