"""How to reach a reporter: written encrypted, read by the worker alone when a report is handed on with his consent."""

from dataclasses import asdict, dataclass

import orjson
from sqlalchemy import Connection, select

from storage.access.sealed import seal, unseal
from storage.tables import report_contacts
from storage.writing.transaction import Tx


@dataclass(frozen=True, slots=True)
class Contact:
    """A reporter's name, telephone number and e-mail address, as told."""

    name: str | None = None
    phone: str | None = None
    email: str | None = None


NO_CONTACT = Contact()


def keep_contact(tx: Tx, key: bytes, report_id: int, contact: Contact, *, forward: bool) -> None:
    """Keeps a contact under the hub's key for contacts, bound to its report; `forward`: consent to hand it on."""
    sealed = seal(key, orjson.dumps(asdict(contact)), _bound_to(report_id))
    tx.add(report_contacts, {"report_id": report_id, "sealed": sealed, "forward": forward})


def contact_to_forward(conn: Connection, key: bytes, report_id: int) -> Contact:
    """The contact that may be handed on with this report; an empty one without consent. Raises WrongKey."""
    row = conn.execute(
        select(report_contacts.c.sealed).where(report_contacts.c.report_id == report_id, report_contacts.c.forward)
    ).first()
    if row is None:
        return NO_CONTACT
    return Contact(**orjson.loads(unseal(key, row.sealed, _bound_to(report_id))))


def _bound_to(report_id: int) -> bytes:
    return f"contact of report {report_id}".encode()
