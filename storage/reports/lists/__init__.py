"""Lists of reports.

listing.py       pages of what matches, and looking one up
ordering.py      the orders of a list
walking.py       how a statement gets to the reports; drivers.py: by which index; shares.py: how many that leads to
"""
