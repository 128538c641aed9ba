"""What is written of a source beside its records: that it exists, how it is doing, that somebody wants it read now."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, insert, select, update

from domain.records import JSON
from domain.sink import Health, SourceDeclaration
from domain.time import micros
from domain.vocabulary import SourceState
from storage.seeding import HUB_SOURCE
from storage.tables import sources
from storage.writing.transaction import Tx


def source_lock(code: str) -> str:
    """The lock that writing to a source's row needs."""
    return f"source:{code}"


def declare_sources(tx: Tx, declared: Sequence[SourceDeclaration]) -> None:
    """Makes the sources known as they are configured now; sources of connectors that are not named become DISABLED.

    The hub's own source and those of partners are nobody's to declare (they have no polling) and stay as they are.
    Needs the lock `sources`. Raises ValueError for a declaration of the hub's own code.
    """
    tx.require("sources")
    named = {declaration.code: declaration for declaration in declared}
    if HUB_SOURCE in named:
        raise ValueError(f"{HUB_SOURCE} is the hub's own source; a connector needs another code")
    known = {row.code: row for row in tx.conn.execute(select(sources)).mappings()}
    for code, declaration in named.items():
        _declare(tx.conn, declaration, known.get(code))
    for code, row in known.items():
        if code not in named and row["poll_seconds"] is not None and row["state"] != SourceState.DISABLED:
            _change(tx.conn, code, {"state": SourceState.DISABLED})


def _declare(conn: Connection, declared: SourceDeclaration, row: RowMapping | None) -> None:
    told: dict[str, Any] = {
        "name": declared.name,
        "kind": declared.kind,
        "profile": declared.profile,
        "reconstructed": declared.reconstructed,
        "licence": declared.licence,
        "poll_seconds": declared.poll_seconds,
    }
    if row is None:
        state = SourceState.DEGRADED if declared.enabled else SourceState.DISABLED  # not UP: nobody has asked it yet
        fresh = {"code": declared.code, "state": state, "set_aside_count": 0, "sync_requested": False, "change": 1}
        conn.execute(insert(sources), told | fresh)
        return
    if not declared.enabled:
        told["state"] = SourceState.DISABLED
    elif row["state"] == SourceState.DISABLED:
        told["state"] = SourceState.DEGRADED
    differing = {name: value for name, value in told.items() if row[name] != value}
    if differing:
        _change(conn, declared.code, differing)


def _change(conn: Connection, code: str, values: Mapping[str, Any]) -> None:
    """A change that subscribers of `sources` are told."""
    conn.execute(update(sources).where(sources.c.code == code).values(change=sources.c.change + 1, **values))


def record_health(tx: Tx, health: Health) -> None:
    """Keeps how a run ended. Subscribers are told of a change of state, and of the end of a run that was asked for."""
    tx.require(source_lock(health.source))
    values: dict[str, Any] = {"state": health.state}
    values["next_attempt_at"] = None if health.next_attempt_at is None else micros(health.next_attempt_at)
    if health.succeeded:
        values |= {"last_success_at": micros(health.at), "last_error": None}
    else:
        values |= {"last_error_at": micros(health.at), "last_error": health.error and str(health.error)}
    state = tx.conn.execute(select(sources.c.state).where(sources.c.code == health.source)).scalar_one()
    if state != health.state or health.answers_request:
        _change(tx.conn, health.source, values)
    else:
        tx.conn.execute(update(sources).where(sources.c.code == health.source).values(values))


def checkpoint_of(conn: Connection, code: str) -> Mapping[str, JSON] | None:
    """What was kept with the source's last batch; None before the first."""
    kept = conn.execute(select(sources.c.checkpoint).where(sources.c.code == code)).scalar_one_or_none()
    found: Mapping[str, JSON] | None = None if kept is None else orjson.loads(kept)
    return found


def keep_checkpoint(tx: Tx, code: str, checkpoint: Mapping[str, JSON]) -> None:
    """Keeps how far the source has been read."""
    tx.require(source_lock(code))
    kept = orjson.dumps(dict(checkpoint)).decode()
    tx.conn.execute(update(sources).where(sources.c.code == code).values(checkpoint=kept))


def sync_is_requested(conn: Connection, code: str) -> bool:
    """Whether somebody asked for a sync; `take_sync_request` answers it."""
    return bool(conn.execute(select(sources.c.sync_requested).where(sources.c.code == code)).scalar_one_or_none())


def take_sync_request(tx: Tx, code: str) -> bool:
    """Takes the wish for a sync, once."""
    tx.require(source_lock(code))
    asked = update(sources).where(sources.c.code == code, sources.c.sync_requested.is_(True))
    return bool(tx.conn.execute(asked.values(sync_requested=False)).rowcount)
