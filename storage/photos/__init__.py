"""Photos outside the database.

store.py            where they lie, whatever it is
folder.py           a folder
bucket.py           a bucket that speaks S3; bucket_address.py: where it is; bucket_failures.py: what its failures mean
preparing.py        makes them safe, in a process of its own: picture_process.py (picture_frames.py)
fair_turns.py       whose photos are next
sweeping.py         removes those that no row refers to

Nothing is imported here: the process that decodes pictures passes through this file and must stay small.
"""
