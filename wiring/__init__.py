"""Puts the hub together from its parts and runs it, in one process or in several; the commands in server.py call it."""
