"""How many there are, without counting rows.

rollups.py       three roll-ups, in step with the events; rebuilding.py makes them anew from the reports
estimates.py     about how many reports a filter finds, which chooses the way to them; estimates_kept.py has them in memory
time_limit.py    what must be counted after all may take only so long
"""
