"""Tells what was measured: a table to read, JSON to keep."""

import json
import os
import platform
import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.chart import chart
from bench.marks import HUB, reached
from bench.measuring import Rounds, median


def say(words: str) -> None:
    """Tells whoever waits."""
    print(words, flush=True)


def table(results: Mapping[str, Rounds]) -> str:
    """The figures and the marks, as Markdown."""
    lines = [
        "",
        "| workload | server | /s | p50 ms | p99 ms | CPU ms each | MB | hub against it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, rounds in results.items():
        told = {server: median(figures) for server, figures in rounds.items() if figures}
        for server, figures in told.items():
            against = f"{told[HUB].rate / figures.rate:.2f} ×" if HUB in told and server != HUB else ""
            held = f"{figures.megabytes:,.0f}" if figures.megabytes else ""
            lines.append(
                f"| {name} | {server} | {figures.rate:,.1f} | {figures.p50:,.2f} | {figures.p99:,.2f}"
                f" | {figures.cpu_ms:,.3f} | {held} | {against} |"
            )
    marks = reached(results)
    if marks:
        lines += ["", "| workload | mark | wanted | found | |", "|---|---|---|---|---|"]
    for mark in marks:
        sign = "≤" if mark.at_most else "≥"
        verdict = "reached" if mark.share >= 1 else "**missed**"
        lines.append(f"| {mark.workload} | {mark.what} | {sign} {mark.wanted:g} | {mark.found:.2f} | {verdict} |")
    return "\n".join(lines)


def write(results: Mapping[str, Rounds], options: Namespace) -> None:
    """Keeps the figures as JSON, the tables as Markdown, and draws the chart. What an earlier run measured and this one
    did not stays."""
    folder: Path = options.out
    kept = folder / "performance.json"
    told = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"workloads": {}, "marks": []}
    for name, rounds in results.items():
        told["workloads"][name] = {
            "rounds": options.rounds,
            "servers": {server: median(figures).told() for server, figures in rounds.items() if figures},
        }
    marks = [mark.told() for mark in reached(results)]
    told["marks"] = [mark for mark in told["marks"] if mark["workload"] not in results] + marks
    told["machine"] = {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "system": sys.platform,
    }
    kept.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    _into_page(folder / "performance.md", kept_table(told))
    (folder / "performance.svg").write_text(chart(told["marks"]), encoding="utf-8")


BEGINS, ENDS = "<!-- table -->", "<!-- end of table -->"


def kept_table(told: Mapping[str, Any]) -> str:
    """The figures and marks that are kept, as Markdown."""
    lines = ["| workload | server | /s | p50 ms | p99 ms | CPU ms each | MB |", "|---|---|---|---|---|---|---|"]
    for name, run in told["workloads"].items():
        for server, each in run["servers"].items():
            held = f"{each['megabytes']:,.0f}" if each.get("megabytes") else ""
            lines.append(
                f"| {name} | {server} | {each['rate']:,.1f} | {each['p50']:,.2f} | {each['p99']:,.2f}"
                f" | {each['cpu_ms']:,.3f} | {held} |"
            )
    lines += ["", "| workload | mark | wanted | found | |", "|---|---|---|---|---|"]
    for mark in told["marks"]:
        sign = "≤" if mark["bound"] == "at most" else "≥"
        verdict = "reached" if mark["reached"] else "**missed**"
        lines.append(
            f"| {mark['workload']} | {mark['what']} | {sign} {mark['wanted']:g} | {mark['found']:.2f} | {verdict} |"
        )
    return "\n".join(lines)


def _into_page(page: Path, table_now: str) -> None:
    """Puts the tables between their two marks in docs/performance.md, where that is."""
    if page.exists():
        text = page.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGINS)
        _, ends, after = rest.partition(ENDS)
        if ends:
            page.write_text(f"{before}{BEGINS}\n{table_now}\n{ENDS}{after}", encoding="utf-8")
