"""LAPOR 1708 / SP4N-LAPOR, the national complaint system: handing reports on, and reading its tickets."""

from connectors.lapor.connector import Lapor

CONNECTOR = Lapor
