"""Who asks.

finding.py       by a bearer token, an API key, follow tokens, or as nobody in particular
tokens.py        what every token must be; local_tokens.py: ours; oidc.py: an issuer's (oidc_keys.py, oidc_fetch.py)
api_keys.py      partners' keys at the door
session.py       how long somebody's credentials hold
clients.py       who counts as one client, and what each may have open
"""
