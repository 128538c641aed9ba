"""Which reports a filter finds.

filtering.py     a filter as SQL, and in memory for streams
conditions.py    its conditions, its shape, its values; distance.py: those by metres
naming.py        the rows that its codes name
searching.py     its words; words.py keeps the two indexes of them, word_index.py is what each engine needs for that
"""
