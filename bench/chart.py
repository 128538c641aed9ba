"""Draws the marks as a chart: a bar for each, as long as the share of the mark that was reached."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, ROW, LABEL, TOP = 860, 22, 360, 40
MOST = 4.0
"""Times the mark; longer bars are cut."""


def chart(marks: Sequence[Mapping[str, Any]]) -> str:
    """The SVG. The line is the mark; bars that do not come to it are hollow."""
    height = TOP + ROW * len(marks) + 20
    unit = (WIDTH - LABEL - 90) / MOST
    rows = [_row(mark, TOP + ROW * n, unit) for n, mark in enumerate(marks)]
    at = LABEL + unit
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">\n'
        f"<title>What the hub reached of each mark</title>\n"
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>\n'
        f'<text x="{at:.0f}" y="24" text-anchor="middle" fill="#333">the mark</text>\n'
        + "\n".join(rows)
        + f'\n<line x1="{at:.0f}" x2="{at:.0f}" y1="{TOP - 8}" y2="{height - 12}" stroke="#c0392b" stroke-width="1.5"/>\n</svg>\n'
    )


def _row(mark: Mapping[str, Any], y: int, unit: float) -> str:
    found, wanted = float(mark["found"]), float(mark["wanted"])
    share = wanted / found if mark["bound"] == "at most" else found / wanted
    length = max(2.0, min(MOST, share) * unit) if math.isfinite(share) else 2.0
    fill = "#1f6f8b" if mark["reached"] else "none"
    label = escape(f"{mark['workload']}, {mark['what']}")
    value = escape(f"{found:.2f} of {wanted:g}")
    return (
        f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end" fill="#333">{label}</text>'
        f'<rect x="{LABEL}" y="{y + 3}" width="{length:.1f}" height="{ROW - 8}" fill="{fill}" stroke="#1f6f8b"/>'
        f'<text x="{LABEL + length + 6:.1f}" y="{y + 14}" fill="#333">{value}</text>'
    )
