"""Areas' boundaries and floods.

boundaries.py    real boundaries in place of what was there; boundary_following.py: a process's map while it runs
flood.py         flood areas, gauges and what these measured; flood_assigning.py: which reports lie in a flood area
"""
