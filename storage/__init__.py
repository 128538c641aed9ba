"""Where things are kept: SQLite by default, PostgreSQL by configuration.

store.py         the store as the rest of the hub sees it; errors.py: what can go wrong in it
sqlite/          postgres/: the two engines; writing/: many operations in one commit, on either; together/: processes of one machine
events/          the event log; counts/: roll-ups and estimates; statements/: how statements are made and run
tables/          the tables, migrations/ their history (migrating.py); facts/ what ships with the hub (seeding.py)
reports/         reports, however they are asked for and changed; rows.py: rows as one viewer may see them
places/          boundaries and floods; reference.py: areas, categories, agencies (reference_kept.py in memory)
sources/         the outside systems; ingest/ takes in what they bring; lapor.py reads tickets
forwardings.py   hand-overs to other systems; handing_on.py writes them; outbox.py: what the worker is to send
access/          people, keys, what was revoked; sensitive_categories.py: what nobody outside may learn the place of
photos/          photos' files
leases.py        one process at a time does a thing; in_turn.py: waiting for something of which none is free
storable.py      which texts a store can keep; clock.py: the clock that all go by
"""
