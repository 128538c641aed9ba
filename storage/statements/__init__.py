"""How statements are made and run.

prepared.py      built and compiled once, run as the driver's own text
keyset.py        pages of a list by the keys of rows, in both directions
lean.py          rows with but the columns that somebody asked for
word_index.py    how the words of a report are kept and searched on either engine; dialects.py: what each engine writes its own way
"""
