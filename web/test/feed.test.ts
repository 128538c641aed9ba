import { describe, expect, test } from "vitest";
import type { Report, ReportEvent } from "../src/hub/operations";
import { EMPTY, type Feed, happened, KEPT, listed, revealed } from "../src/start/feed";

function report(id: string, minute: number, text = id): Report {
  const at = new Date(Date.UTC(2026, 0, 1, 10, minute)).toISOString();
  return {
    id,
    code: id.toUpperCase(),
    title: null,
    text,
    status: "SUBMITTED",
    reportedAt: at,
    updatedAt: at,
    locationPrecision: "EXACT",
    category: { code: "flood", nameId: "Banjir", nameEn: "Flood" },
    area: null,
    source: { code: "hub", name: "Simpul" },
    photos: [],
    flood: null,
    floodArea: null,
  };
}

function event(of: Report | null, more: Partial<ReportEvent> = {}): ReportEvent {
  return { id: "e", kind: "CREATED", reportId: of?.id ?? "", matches: true, report: of, ...more };
}

const shown = (feed: Feed) => feed.rows.map((row) => (row.gone ? `(${row.report.id})` : row.report.id));
const waiting = (feed: Feed) => feed.waiting.map(({ id }) => id);
const start = listed(EMPTY, [report("c", 30), report("b", 20), report("a", 10)]);

describe("what arrives", () => {
  test("waits and moves nothing, until it is asked for", () => {
    const feed = happened(happened(start, event(report("d", 40))), event(report("e", 50)));
    expect(shown(feed)).toEqual(["c", "b", "a"]);
    expect(waiting(feed)).toEqual(["e", "d"]);
    expect(shown(revealed(feed))).toEqual(["e", "d", "c", "b", "a"]);
    expect(waiting(revealed(feed))).toEqual([]);
  });

  test("waits once, and as it is now", () => {
    const feed = happened(happened(start, event(report("d", 40))), event(report("d", 40, "mended")));
    expect(feed.waiting.map(({ text }) => text)).toEqual(["mended"]);
  });

  test("that was told late finds its place by the time it was reported", () => {
    expect(shown(revealed(happened(start, event(report("x", 25)))))).toEqual(["c", "x", "b", "a"]);
  });

  test("from before the oldest row is no news", () => {
    expect(happened(start, event(report("old", 5)))).toEqual(start);
  });

  test("is news in an empty list, however old", () => {
    expect(waiting(happened(EMPTY, event(report("old", 5))))).toEqual(["old"]);
  });

  test("in masses is bounded, and shows without a hole", () => {
    let feed = start;
    for (let i = 0; i < KEPT + 5; i++) feed = happened(feed, event(report(`n${String(i).padStart(3, "0")}`, 60 + i)));
    expect(feed.overflowed).toBe(true);
    expect(feed.waiting.length).toBe(KEPT);
    const after = shown(revealed(feed));
    expect(after.length).toBe(KEPT);
    expect(after).not.toContain("c");
  });
});

describe("what changes", () => {
  test("changes in its place", () => {
    const feed = happened(start, event(report("b", 20, "water is gone"), { kind: "UPDATED" }));
    expect(shown(feed)).toEqual(["c", "b", "a"]);
    expect(feed.rows[1]?.report.text).toBe("water is gone");
  });

  test("and goes out of sight leaves its place empty", () => {
    const feed = happened(start, event(null, { reportId: "b", matches: false }));
    expect(shown(feed)).toEqual(["c", "(b)", "a"]);
    expect(shown(revealed(feed))).toEqual(["c", "a"]);
  });

  test("and goes out of sight while waiting is gone without a trace", () => {
    const feed = happened(happened(start, event(report("d", 40))), event(null, { reportId: "d", matches: false }));
    expect(waiting(feed)).toEqual([]);
  });
});

describe("a list asked for again", () => {
  test("keeps the rows in place, lets the new ones wait, and drops what is no longer there", () => {
    const feed = listed(start, [report("e", 50), report("c", 30, "changed"), report("a", 10)]);
    expect(shown(feed)).toEqual(["c", "(b)", "a"]);
    expect(feed.rows[0]?.report.text).toBe("changed");
    expect(waiting(feed)).toEqual(["e"]);
  });
});
