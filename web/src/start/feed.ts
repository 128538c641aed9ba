import type { Report, ReportEvent } from "../hub/operations";

/** A row keeps its place when its report goes out of sight, so that nothing moves under the reader. */
export interface Row {
  readonly report: Report;
  readonly gone: boolean;
}

/** What is shown, newest first, and what waits until it is asked for. */
export interface Feed {
  readonly rows: readonly Row[];
  readonly waiting: readonly Report[];
  /** More came than are kept waiting: showing them starts the list anew, rather than with a hole in it. */
  readonly overflowed: boolean;
}

export const EMPTY: Feed = { rows: [], waiting: [], overflowed: false };
export const KEPT = 100;

/** The list was asked for, for the first time or again after its cursor expired. What is on show stays in its place. */
export function listed(feed: Feed, reports: readonly Report[]): Feed {
  if (feed.rows.length === 0) return { ...EMPTY, rows: reports.map(shown) };
  const fresh = new Map(reports.map((report) => [report.id, report]));
  const rows = feed.rows.map(({ report }) => {
    const now = fresh.get(report.id);
    fresh.delete(report.id);
    return now ? shown(now) : { report, gone: true };
  });
  const oldest = rows.at(-1)?.report;
  const waiting = [...fresh.values()].filter((report) => !oldest || compare(report, oldest) < 0).sort(compare);
  return { rows, waiting, overflowed: feed.overflowed };
}

/** Something happened to a report. */
export function happened(feed: Feed, event: ReportEvent): Feed {
  const { report, reportId } = event;
  if (!report || !event.matches) return withdrawn(feed, reportId);
  if (feed.rows.some((row) => row.report.id === reportId)) {
    return { ...feed, rows: feed.rows.map((row) => (row.report.id === reportId ? shown(report) : row)) };
  }
  const others = feed.waiting.filter(({ id }) => id !== reportId);
  const isNews = others.length < feed.waiting.length || belongs(feed, report);
  if (!isNews) return feed;
  const waiting = [...others, report].sort(compare);
  return { ...feed, waiting: waiting.slice(0, KEPT), overflowed: feed.overflowed || waiting.length > KEPT };
}

/** The reader asked for what waits. */
export function revealed(feed: Feed): Feed {
  const before = feed.overflowed ? [] : feed.rows.filter((row) => !row.gone);
  const rows = [...feed.waiting.map(shown), ...before].sort((a, b) => compare(a.report, b.report));
  return { rows: rows.slice(0, KEPT), waiting: [], overflowed: false };
}

function withdrawn(feed: Feed, id: string): Feed {
  return {
    ...feed,
    rows: feed.rows.map((row) => (row.report.id === id ? { ...row, gone: true } : row)),
    waiting: feed.waiting.filter((report) => report.id !== id),
  };
}

/** What a source tells late, from before the oldest row, is no news of this list. */
function belongs(feed: Feed, report: Report): boolean {
  const oldest = feed.rows.at(-1)?.report;
  return !oldest || compare(report, oldest) < 0;
}

function shown(report: Report): Row {
  return { report, gone: false };
}

function compare(a: Report, b: Report): number {
  return Date.parse(b.reportedAt) - Date.parse(a.reportedAt) || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);
}
