"""The Common Alerting Protocol's form of floods and reports: an Atom feed with one CAP 1.2 alert an entry."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree

from demo.clock import JAKARTA

_SEVERITY = {1: "Unknown", 2: "Minor", 3: "Moderate", 4: "Severe"}


def feed(features: Iterable[dict[str, Any]], now: datetime, subject: str) -> bytes:
    """The feed. Areas without a state have no severity and are left out."""
    root = ElementTree.Element("feed", xmlns="http://www.w3.org/2005/Atom")
    updated = now.astimezone(JAKARTA).isoformat(timespec="seconds")
    _leaf(root, "id", f"https://data.petabencana.id/{subject}")
    _leaf(root, "title", f"petabencana.id {subject}")
    _leaf(root, "updated", updated)
    for feature in features:
        properties = feature["properties"]
        if "area_id" not in properties or properties["state"] is not None:
            entry = ElementTree.SubElement(root, "entry")
            name = f"{subject}/{properties.get('area_id') or properties.get('pkey')}"
            _leaf(entry, "id", f"https://data.petabencana.id/{name}")
            _leaf(entry, "updated", str(properties.get("last_updated") or properties.get("created_at")))
            _alert(ElementTree.SubElement(entry, "content", type="text/xml"), feature, name)
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _alert(parent: ElementTree.Element, feature: dict[str, Any], name: str) -> None:
    properties = feature["properties"]
    alert = ElementTree.SubElement(parent, "alert", xmlns="urn:oasis:names:tc:emergency:cap:1.2")
    _leaf(alert, "identifier", name)
    for tag, value in (("status", "Actual"), ("msgType", "Alert"), ("scope", "Public")):
        _leaf(alert, tag, value)
    info = ElementTree.SubElement(alert, "info")
    for tag, value in (("category", "Met"), ("event", "FLOODING"), ("urgency", "Immediate")):
        _leaf(info, tag, value)
    _leaf(info, "severity", _SEVERITY.get(properties.get("state", 1), "Unknown"))
    _leaf(info, "certainty", "Observed")
    area = ElementTree.SubElement(info, "area")
    _leaf(
        area, "areaDesc", f"{properties.get('area_name', '')} {properties.get('parent_name', '')}".strip() or "Jakarta"
    )
    _shape(area, feature["geometry"])


def _shape(area: ElementTree.Element, geometry: dict[str, Any]) -> None:
    """CAP writes latitude first."""
    if geometry["type"] == "Point":
        _leaf(area, "circle", f"{_pair(geometry['coordinates'])} 0")
        return
    for part in geometry["coordinates"]:
        _leaf(area, "polygon", " ".join(_pair(place) for place in part[0]))


def _pair(place: Sequence[float]) -> str:
    return f"{place[1]},{place[0]}"


def _leaf(parent: ElementTree.Element, tag: str, text: str) -> None:
    ElementTree.SubElement(parent, tag).text = text
