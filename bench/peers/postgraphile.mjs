// PostGraphile 5 over the hub's own tables: its schema, so its own queries (bench/postgraphile_queries.py), the nearest to
// ours. A filter goes through one function in SQL, as its manual advises.

// Node 20 has no Promise.withResolvers, which it needs.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import pg from "pg";

Promise.withResolvers ??= () => {
  let [resolve, reject] = [];
  const promise = new Promise((done, failed) => {
    [resolve, reject] = [done, failed];
  });
  return { promise, resolve, reject };
};

const connectionString = process.env.BENCH_STORE.replace("+asyncpg", "");
const MATCHING = `
CREATE OR REPLACE FUNCTION reports_matching(area_ids int[], category_ids int[], source_ids int[], states text[],
  south float8, north float8, west float8, east float8, latitude float8, longitude float8, millimetres float8,
  since bigint, until bigint) RETURNS SETOF reports LANGUAGE sql STABLE AS $$
  SELECT r.* FROM reports r WHERE r.visibility = 'PUBLIC'
    AND (area_ids IS NULL OR r.public_area_id = ANY(area_ids))
    AND (category_ids IS NULL OR r.category_id = ANY(category_ids))
    AND (source_ids IS NULL OR r.source_id = ANY(source_ids))
    AND (states IS NULL OR r.status = ANY(states))
    AND (south IS NULL OR r.public_latitude BETWEEN south AND north AND r.public_longitude BETWEEN west AND east)
    AND (millimetres IS NULL OR round(asin(least(1.0, sqrt(
      power(sin(radians(r.public_latitude - reports_matching.latitude) / 2), 2)
      + cos(radians(r.public_latitude)) * cos(radians(reports_matching.latitude))
      * power(sin(radians(r.public_longitude - reports_matching.longitude) / 2), 2)))) * 12742017600) <= millimetres)
    AND (since IS NULL OR r.reported_at >= since) AND (until IS NULL OR r.reported_at < until)
  ORDER BY r.reported_at DESC, r.id DESC
$$`;

const setUp = new pg.Client({ connectionString });
await setUp.connect();
await setUp.query(MATCHING);
await setUp.end();

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString, schemas: ["public"], poolConfig: { max: 16 } })],
  grafserv: { graphqlPath: "/graphql", watch: false, graphiql: false },
  grafast: { explain: false },
};
const server = createServer();
postgraphile(preset).createServ(grafserv).addTo(server);
server.listen(Number(process.env.BENCH_PORT), "127.0.0.1", () => console.log("ready"));
