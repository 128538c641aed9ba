// Two REST servers that answer after 20 ms, each with what one of the outside systems knows: Peta Jakarta of reports and
// flood areas, LAPOR of tickets. What the gateway joins.

import { createServer } from "node:http";
import { listReports, openStore, rowsById, ticketsOf } from "./store.mjs";

const DELAY_MS = 20;
const STATES = ["NONE", "CAUTION", "MINOR", "MODERATE", "SEVERE"];

/** Serves both on ports of their own. */
export async function serveRest(address) {
  const store = await openStore(address);
  const ids = (query) => JSON.parse(query.get("ids"));
  const petaJakarta = await serve({
    "/reports": (query) =>
      listReports(store, { sources: [query.get("source")] }, 20)
        .slice(0, 20)
        .map(({ id, code, status, fuzzed, public_flood_area_id }) => ({
          id,
          code,
          status,
          floodAreaId: public_flood_area_id,
          ticketOf: fuzzed ? null : id,
        })),
    "/floods": async (query) => {
      const rows = await rowsById(store, "id, name, state", "flood_areas", ids(query));
      return rows.map((row) => row && { ...row, state: STATES[row.state] });
    },
  });
  const lapor = await serve({
    "/tickets": async (query) => {
      const rows = await ticketsOf(store, ids(query));
      return rows.map((row) => row && { trackingId: row.tracking_id, status: row.status, title: row.title });
    },
  });
  return { petaJakarta, lapor };
}

async function serve(routes) {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://rest");
    const body = JSON.stringify(await routes[url.pathname](url.searchParams));
    setTimeout(() => response.writeHead(200, { "content-type": "application/json" }).end(body), DELAY_MS);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${server.address().port}`;
}
