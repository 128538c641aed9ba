"""The outside systems as the store knows them.

reading.py       sources as clients read them
keeping.py       that a source exists, how it is doing
requests.py      what people ask of its connector: to read now, to try again
photos.py        photos that it told of: which are still to be fetched, and what became of them
"""
