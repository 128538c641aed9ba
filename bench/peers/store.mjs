// The rows, from SQLite (better-sqlite3, statements kept) or PostgreSQL (pg, prepared by name), as plain objects.
// Every function may give a promise or the value itself.

import Database from "better-sqlite3";
import { cellToLatLng } from "h3-js";
import pg from "pg";
import { where } from "./filter.mjs";

pg.types.setTypeParser(pg.types.builtins.INT8, Number); // microseconds and row ids fit

/** Opens the store of an address: sqlite:///path or postgresql://… */
export async function openStore(url) {
  const store = url.startsWith("sqlite") ? sqlite(url.slice("sqlite:///".length)) : postgres(url);
  store.codes = await readCodes(store);
  return store;
}

function sqlite(path) {
  const db = new Database(path);
  db.pragma("journal_mode = WAL");
  db.pragma(`synchronous = ${process.env.BENCH_SYNCHRONOUS ?? "FULL"}`);
  db.pragma("cache_size = -32768");
  db.pragma("mmap_size = 268435456");
  const kept = new Map();
  const prepare = (sql) => {
    let statement = kept.get(sql);
    if (!statement) {
      statement = db.prepare(sql.replaceAll("least(", "min("));
      kept.set(sql, statement);
    }
    return statement;
  };
  return { db, prepare, all: (sql, values = []) => prepare(sql).all(values) };
}

function postgres(url) {
  const pool = new pg.Pool({ connectionString: url.replace("+asyncpg", ""), max: 16 });
  const names = new Map();
  const named = (sql) => {
    let found = names.get(sql);
    if (!found) {
      let n = 0;
      found = { name: `s${names.size}`, text: sql.replace(/\?/g, () => `$${++n}`) };
      names.set(sql, found);
    }
    return found;
  };
  return { pool, all: async (sql, values = []) => (await pool.query({ ...named(sql), values })).rows };
}

async function readCodes(store) {
  const areas = await store.all("SELECT code, id FROM areas");
  const pairs = async (table) =>
    new Map((await store.all(`SELECT code, id FROM ${table}`)).map((row) => [row.code, row.id]));
  const within = (code) => areas.filter((other) => `${other.code}.`.startsWith(`${code}.`)).map((other) => other.id);
  return {
    areas: new Map(areas.map((row) => [row.code, within(row.code)])),
    categories: await pairs("categories"),
    sources: await pairs("sources"),
  };
}

const REPORT = `SELECT id, code, text, title, status, reported_at, support_count, public_latitude, public_longitude,
  public_area_id, public_flood_area_id, fuzzed, anonymous, reporter_id FROM reports`;

const marks = (ids) => ids.map(() => "?").join(", ");

/** The newest reports that match, one more than asked for. */
export function listReports(store, filter, first) {
  const [condition, values] = where(filter, store.codes);
  const sql = `${REPORT} WHERE ${condition} ORDER BY reported_at DESC, id DESC LIMIT ${first + 1}`;
  return store.all(sql, values);
}

/** One report by row id; none where it is not public. */
export async function reportById(store, id) {
  return (await store.all(`${REPORT} WHERE id = ? AND visibility = 'PUBLIC'`, [id]))[0] ?? null;
}

/** Rows of a table by id, in the order of the ids, null where there is none. */
export async function rowsById(store, columns, table, ids) {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  if (!wanted.length) return ids.map(() => null);
  const rows = await store.all(`SELECT ${columns} FROM ${table} WHERE id IN (${marks(wanted)})`, wanted);
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

/** The photos of each report. (`IS TRUE` keeps SQLite from the index of states, which nearly all photos share.) */
export async function photosOf(store, ids) {
  const rows = await store.all(
    `SELECT id, report_id, address, width, height FROM photos WHERE report_id IN (${marks(ids)})
       AND (state = 'READY') IS TRUE AND hidden = ${store.db ? 0 : "false"} ORDER BY created_at, id`,
    ids,
  );
  const found = new Map(ids.map((id) => [id, []]));
  for (const row of rows) found.get(row.report_id).push(row);
  return ids.map((id) => found.get(id));
}

/** LAPOR's ticket of each report. */
export async function ticketsOf(store, ids) {
  const rows = await store.all(
    `SELECT report_id, tracking_id, status, title FROM lapor_tickets WHERE report_id IN (${marks(ids)})`,
    ids,
  );
  const found = new Map(rows.map((row) => [row.report_id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

const OPEN = "status IN ('SUBMITTED', 'VERIFIED', 'ASSIGNED', 'IN_PROGRESS')";
const RESOLVED = "status IN ('RESOLVED', 'CLOSED')";

/** Counts of what matches: in all, or by category. */
export function statistics(store, filter) {
  const [condition, values] = where(filter, store.codes);
  return store.all(
    `SELECT c.code AS key, count(*) AS total, sum(CASE WHEN ${OPEN} THEN 1 ELSE 0 END) AS open,
       sum(CASE WHEN ${RESOLVED} THEN 1 ELSE 0 END) AS resolved
     FROM reports JOIN categories c ON c.id = category_id WHERE ${condition}
     GROUP BY c.code, category_id ORDER BY total DESC, category_id`,
    values,
  );
}

/** Counts by hexagon, the fullest first: those whose middle lies in the box, each with all its reports. */
export async function hexBins(store, filter, box, resolution) {
  const [condition, values] = where(filter, store.codes);
  const [unused, bits] = [(1n << BigInt(3 * (15 - resolution))) - 1n, BigInt(resolution) << 52n];
  const margin = 0.03; // three edges of a hexagon of resolution 8, in degrees
  const rows = await store.all(
    `SELECT cast((public_cell & ${~(15n << 52n)}) | ${bits | unused} AS text) AS cell, count(*) AS total,
       sum(CASE WHEN ${OPEN} THEN 1 ELSE 0 END) AS open
     FROM reports WHERE ${condition} AND public_latitude BETWEEN ? AND ? AND public_longitude BETWEEN ? AND ?
     GROUP BY 1`,
    [...values, box.south - margin, box.north + margin, box.west - margin, box.east + margin],
  );
  const within = (cell) => {
    const [latitude, longitude] = cellToLatLng(cell);
    return box.south <= latitude && latitude <= box.north && box.west <= longitude && longitude <= box.east;
  };
  return rows
    .map((row) => ({ ...row, cell: BigInt(row.cell).toString(16) }))
    .filter((row) => within(row.cell))
    .sort((a, b) => b.total - a.total || (a.cell < b.cell ? -1 : 1));
}
