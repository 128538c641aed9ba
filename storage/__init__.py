"""Where things are kept: SQLite by default, PostgreSQL by configuration.

store.py         the store as the rest of the hub sees it
errors.py        what can go wrong in it
sqlite/          one engine
postgres/        the other
writing/         many operations in one commit, on either
together/        one writer for all processes of a machine
statements/      how statements are made and run
tables/          the tables
migrations/      their history; migrating.py brings a database up to date
facts/           what ships with the hub; seeding.py brings it in
events/          the event log
rollups/         counts in step with the events
reports/         reports, however they are asked for and changed
rows.py          rows as one viewer may see them
reference.py     areas, categories, agencies; reference_kept.py has them in memory
places/          boundaries of areas, and floods
sources/         the outside systems
ingest/          takes in what they bring
lapor.py         reads LAPOR's tickets
handovers/       reports on their way to other systems
access/          people, keys, what was revoked
sensitive_categories.py  what nobody outside may learn the place of
photos/          photos' files
leases.py        one process at a time does a thing
in_turn.py       waiting for something of which none is free
storable.py      which texts a store can keep
clock.py         the clock that all go by
"""
