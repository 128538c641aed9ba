"""Qlue, the city's own reporting app of 2014 to 2022: its public feed, and the push form that partners use."""

from connectors.qlue.connector import Qlue

CONNECTOR = Qlue
