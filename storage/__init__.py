"""Where things are kept: tables, one file of queries a noun, the event log, photos. SQLite by default, PostgreSQL by configuration."""
