"""Counts of reports that are kept, so that nobody has to count them.

keeping.py       three roll-ups, in step with the events
rebuilding.py    makes them anew from the reports
estimates.py     about how many reports a filter finds, which chooses the way to them; estimates_kept.py has them in memory
"""
