// A report on its way in, in one transaction: the row, its words for two indexes, the chained event with its personal part
// and facets, the follow token, the roll-ups. SQLite alone (better-sqlite3).

import { createHash, createHmac, randomBytes, randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { cellToParent, latLngToCell } from "h3-js";

const LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
const facts = process.env.BENCH_FACTS ? JSON.parse(readFileSync(process.env.BENCH_FACTS, "utf8")) : null;
const secret = randomBytes(32);
let known; // codes and outlines with their row ids, and statements

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

function learn(store) {
  const areas = new Map(store.all("SELECT code, id, city_id FROM areas").map((row) => [row.code, row]));
  const outlines = facts.outlines.map(({ code, rings }) => {
    const [xs, ys] = [0, 1].map((n) => rings.flat().map((point) => point[n]));
    const [west, east] = [Math.min(...xs), Math.max(...xs)];
    const [south, north] = [Math.min(...ys), Math.max(...ys)];
    return { area: areas.get(code), rings, west, east, south, north };
  });
  const source = store.all("SELECT id FROM sources WHERE code = 'simpul'")[0].id;
  const categories = new Map(store.all("SELECT * FROM categories").map((row) => [row.code, row]));
  return { outlines, source, categories };
}

function inside(ring, x, y) {
  let odd = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [xi, yi] = ring[i];
    const [xj, yj] = ring[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

function areaAt(latitude, longitude) {
  const found = known.outlines.find(
    (each) =>
      each.west <= longitude &&
      longitude <= each.east &&
      each.south <= latitude &&
      latitude <= each.north &&
      each.rings.some((ring) => inside(ring, longitude, latitude)),
  );
  return found?.area ?? null;
}

const newCode = () => {
  const letters = Array.from({ length: 8 }, () => LETTERS[randomInt(30)]).join("");
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
};

const words = (text) => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(" ");

function insert(store, table, row) {
  const names = Object.keys(row);
  const sql = `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
  return store.prepare(sql).run(Object.values(row)).lastInsertRowid;
}

/** Writes a report; gives its row, the token that proves to be its reporter, and the event for subscribers. */
export function submit(store, input) {
  known ??= learn(store);
  const category = known.categories.get(input.category);
  if (!category) return { payload: { report: null, followToken: null, userErrors: [{ message: "No such category." }] } };
  const { latitude, longitude } = input.location;
  const cell = latLngToCell(latitude, longitude, 11);
  const area = areaAt(latitude, longitude);
  const token = randomBytes(24).toString("base64url");
  const made = store.db.transaction(() => write(store, input, category, { latitude, longitude, cell, area }, token)).immediate();
  return {
    payload: { report: made.report, followToken: token, userErrors: [] },
    event: { id: String(made.seq), kind: "CREATED", at: made.at, report: made.report },
  };
}

function write(store, input, category, place, token) {
  const now = Date.now() * 1000;
  const head = store.prepare("SELECT seq, at, chain FROM log_head").get();
  const [seq, at] = [head.seq + 1, Math.max(now, head.at + 1)];
  let code = newCode();
  while (store.prepare("SELECT 1 FROM reports WHERE code = ?").get(code)) code = newCode();
  const report = reportRow(store, input, category, place, code, now, at);
  report.id = Number(insert(store, "reports", report));
  const doc = words(input.text);
  for (const name of ["report_words_staff", "report_words_public"]) insert(store, name, { rowid: report.id, doc });
  insert(store, "report_follow_tokens", { token_hash: sha256(token), report_id: report.id, created_at: now });
  tell(store, input, report, place, { seq, at, chain: head.chain });
  count(store, report, place);
  return { report, seq, at };
}

function reportRow(store, input, category, { latitude, longitude, cell, area }, code, now, at) {
  const flooded = store
    .prepare("SELECT id FROM flood_areas WHERE west <= ? AND east >= ? AND south <= ? AND north >= ? ORDER BY id")
    .get(longitude, longitude, latitude, latitude);
  const minutes = (many) => (many === null ? null : now + many * 60_000_000);
  const [respond, resolve] = [minutes(category.respond_minutes), minutes(category.resolve_minutes)];
  const due = [respond, resolve].filter((each) => each !== null);
  const side = { latitude, longitude, cell: BigInt(`0x${cell}`), area_id: area?.id ?? null, flood_area_id: flooded?.id ?? null };
  const moved = Object.fromEntries(Object.entries(side).map(([name, value]) => [`public_${name}`, value]));
  return {
    code,
    text: input.text,
    title: null,
    category_id: category.id,
    status: "SUBMITTED",
    visibility: "PUBLIC",
    anonymous: 0,
    agency_id: category.agency_id,
    precision: "EXACT",
    fuzzed: 0,
    ...side,
    ...moved,
    source_id: known.source,
    set_by_hand: 0,
    reporter_id: null,
    reporter_key: createHmac("sha256", secret).update("127.0.0.1").digest("hex"),
    reported_at: now,
    received_at: now,
    updated_at: at,
    respond_by: respond,
    resolve_by: resolve,
    due_at: due.length ? Math.min(...due) : null,
    respond_breached: 0,
    resolve_breached: 0,
    support_count: 0,
    photo_count: 0,
  };
}

function tell(store, input, report, place, { seq, at, chain }) {
  const salt = randomBytes(16);
  const told = JSON.stringify({ title: null, text: input.text, address: null });
  const digest = sha256(salt, JSON.stringify([null, null, null, told]));
  const event = {
    seq,
    kind: "CREATED",
    at,
    report_id: report.id,
    actor_role: "ANONYMOUS",
    status: "SUBMITTED",
    backfill: 0,
    by_reporter: 1,
    personal_digest: digest,
  };
  const link = sha256(chain, JSON.stringify(Object.values({ ...event, personal_digest: digest.toString("hex") })));
  insert(store, "events", { ...event, chain: link });
  insert(store, "event_personal", { seq, salt, words: told });
  const after = JSON.stringify({ ...report, cell: String(report.cell), public_cell: String(report.public_cell), city_id: place.area?.city_id });
  insert(store, "event_facets", {
    seq,
    at,
    report_id: report.id,
    kind: "CREATED",
    after,
    after_visibility: "PUBLIC",
    after_agency_id: report.agency_id,
  });
  store.prepare("UPDATE log_head SET seq = ?, at = ?, chain = ?").run(seq, at, link);
}

function count(store, report, { cell, area }) {
  const values = {
    category: report.category_id,
    agency: report.agency_id ?? 0,
    source: report.source_id,
    area: area?.id ?? 0,
    city: area?.city_id ?? 0,
    day: Math.floor((report.reported_at / 1_000_000 + 7 * 3600) / 86_400),
  };
  for (const each of [5, 6, 7, 8]) values[`cell${each}`] = BigInt(`0x${cellToParent(cell, each)}`);
  for (const { table, columns, values: told } of facts.counts) {
    const names = columns.join(", ");
    const sql =
      `INSERT INTO ${table} (${names}, total) VALUES (${columns.map(() => "?").join(", ")}, 1)` +
      ` ON CONFLICT (${names}) DO UPDATE SET total = total + 1`;
    const row = told.map((each) => (typeof each === "object" ? values[each.is] : each === true ? 1 : each === false ? 0 : each));
    store.prepare(sql).run(row);
  }
}
