"""Who people and machines are, and what keeps secrets.

persons.py       people with an account; api_keys.py: partners' keys, kept as hashes
revocations.py   what was revoked; revocation_following.py knows it while a process runs
suspicions.py    what looks like abuse, for operators to see
secrets.py       the hub's own keys; sealed.py: what is kept encrypted in a column
"""
