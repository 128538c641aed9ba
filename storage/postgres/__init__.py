"""The store on PostgreSQL, through asyncpg.

store.py         what the hub gets: snapshots to read from, operations to write with
reader.py        connections that read, and snapshots on them; kept.py: one of them and its transactions
bridge.py        where functions of storage run that wait for asyncpg
"""
