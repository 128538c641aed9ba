"""Reports: as one viewer may see them, found, listed, counted and changed.

seen.py          what a viewer may see: the fragment that every statement on reports carries
question.py      what lists and counts are asked
filter/          which reports a filter finds
lists/           pages of them, one by id or code, and the ways to them
counts/          how many there are, by what
likeness.py      which may tell the same thing as another
creating.py      makes a report; submitting.py: what a submission is checked against
changing.py      changes one, with all that hangs on it
placing.py       where it lies, truly and for everybody; group_ground.py: for a group of writes; fuzzing.py moves public places
clocks.py        its deadlines as columns
commenting.py    comments
supporting.py    support
splitting.py     takes merged ones apart
photos/          its photos
contacts.py      how to reach its reporter; follow.py: the tokens that prove to be him
"""
