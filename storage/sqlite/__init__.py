"""The store on SQLite.

store.py         what the hub gets: snapshots to read from, operations to write with
engine.py        connections, all set alike; sole_server.py: one process serves a file
reader.py        one connection that reads, on the loop as far as it may; free.py: those that nobody reads on;
                 transactions.py: read transactions that snapshots have shares in
writer.py        the one thread that writes; checkpoints.py brings its log into the file beside it
"""
