"""How many reports there are.

total.py         of what matches, from the roll-ups or counted
statistics.py    by one or two dimensions (dimensions.py): by_day.py from the roll-up of days, plain.py from the reports
buckets.py       such counts in a useful order
hexbins.py       by H3 cell
rolled_up.py     what of a roll-up a filter asks for
"""
