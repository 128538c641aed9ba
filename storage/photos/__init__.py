"""Photos outside the database: made safe in a process of their own, kept in a folder (or a bucket), swept when unused.

Nothing is imported here: the process that decodes pictures passes through this file and must stay small.
"""
