"""A report's photos, their files aside.

reading.py       those whose bytes are here
adding.py        more of them, each with its event
addresses.py     the addresses that they are served under
"""
