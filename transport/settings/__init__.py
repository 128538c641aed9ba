"""What can be set.

configuration.py every setting of the hub, with limits.py, issuer.py and oidc.py; loading.py fills them
door_limits.py   the door's own limits
"""
