"""What connectors bring, on its way into the store.

sink.py          the end of the connectors' runner: each batch in one transaction
batch.py         one batch: what it needs to know, what became of its records
reports.py       reports: new, edited, repeated; content.py has them in the hub's columns, links.py the same report elsewhere
tickets.py       LAPOR's tickets and topics; forwardings.py: what a ticket settles of our own hand-overs
flood.py         flood areas, their states, gauges with their readings
set_aside.py     records that could not be taken in, with their reason; retrying.py takes in what the store itself kept aside
"""
