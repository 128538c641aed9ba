"""Leases: one process at a time does a thing (runs a source, a timer), and one that lost its turn cannot write any more.

A lease has a token that only grows. Whoever writes under a lease shows its token in the writing transaction, which holds
the lease's row shared until it ends: so a process that was stopped for a minute is refused, never late. Time is the
database's own clock, since the machines' clocks differ.
"""

from sqlalchemy import Connection, insert, select, text, update

from domain.sink import Lease, LeaseLost
from domain.time import SECOND, moment
from storage.clock import now_in_micros
from storage.tables import leases
from storage.writing.transaction import Tx

_POSTGRES_NOW = text("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)")


def database_now(conn: Connection) -> int:
    """The database's clock at this very moment (not at the transaction's begin), in microseconds."""
    if conn.dialect.name == "postgresql":
        return int(conn.execute(_POSTGRES_NOW).scalar_one())
    return now_in_micros()  # SQLite runs in this process and knows no other clock


def lease_lock(name: str) -> str:
    """The lock that taking or giving back a lease needs."""
    return f"lease:{name}"


def take_lease(tx: Tx, name: str, holder: str, seconds: float) -> Lease | None:
    """Takes or prolongs a lease; None while another holds it. A lease that ended gets a new token, even for its holder."""
    tx.require(lease_lock(name))
    row = tx.conn.execute(select(leases).where(leases.c.name == name)).first()
    now = database_now(tx.conn)
    expires_at = now + round(seconds * SECOND)
    if row is None:
        token = 1
        values = {"name": name, "holder": holder, "token": token, "expires_at": expires_at}
        tx.conn.execute(insert(leases), values)
    elif row.expires_at > now and row.holder != holder:
        return None
    else:
        token = row.token if row.expires_at > now else row.token + 1
        values = {"holder": holder, "token": token, "expires_at": expires_at}
        tx.conn.execute(update(leases).where(leases.c.name == name).values(values))
    return Lease(name, holder, token, moment(expires_at))


def give_back_lease(tx: Tx, lease: Lease) -> None:
    """Ends a lease early. The row stays, so that the token goes on growing. Raises LeaseLost for an old token."""
    tx.require(lease_lock(lease.name))
    statement = update(leases).where(leases.c.name == lease.name, leases.c.token == lease.token).values(expires_at=0)
    if not tx.conn.execute(statement).rowcount:
        raise LeaseLost(lease.name)


def end_leases(tx: Tx, holders: str) -> None:
    """Ends all leases of processes that are no more, whose names begin so, so that nobody waits for them to run out."""
    theirs = leases.c.holder.startswith(holders, autoescape=True)
    held = list(tx.conn.execute(select(leases.c.name).where(theirs, leases.c.expires_at > 0)).scalars())
    tx.require(*map(lease_lock, held))
    tx.conn.execute(update(leases).where(leases.c.name.in_(held), theirs).values(expires_at=0))


def require_lease(conn: Connection, lease: Lease) -> None:
    """Proves the lease in a writing transaction and keeps it from being taken until that ends. Raises LeaseLost."""
    statement = select(leases.c.token, leases.c.expires_at).where(leases.c.name == lease.name)
    row = conn.execute(statement.with_for_update(read=True)).first()
    if row is None or row.token != lease.token or row.expires_at <= database_now(conn):
        raise LeaseLost(lease.name)
