"""The operator's commands, but for those that serve (server.py has them).

command.py   what every command shares: settings, an open store, faults told in one line
access.py    tokens, API keys and their end
data.py      tables, facts, boundaries and categories
looking.py   how things are: sources, suspicions, the log's proof
"""
