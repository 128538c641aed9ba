"""Small servers that speak the outside systems' wire formats, and a made-up flood evening in Jakarta that they play.

Nothing here imports the hub, so what the connectors are tested against is not what they were written with.
"""
