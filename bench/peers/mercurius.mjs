// Mercurius on Fastify with its just-in-time compiler: loaders for what hangs on reports.

import { readFileSync } from "node:fs";
import Fastify from "fastify";
import mercurius from "mercurius";
import { connection, fields } from "./shapes.mjs";
import { hexBins, listReports, openStore, photosOf, reportById, rowsById, statistics, ticketsOf } from "./store.mjs";
import { submit } from "./submit.mjs";

const store = await openStore(process.env.BENCH_STORE);
const app = Fastify();

const loader = (load) => ({ loader: (queries) => load(queries.map((each) => each.obj)), opts: { cache: false } });

app.register(mercurius, {
  schema: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  jit: 1,
  subscription: true,
  resolvers: {
    ...fields,
    Query: {
      reports: async (_, { first, filter }) => connection(await listReports(store, filter, first), first),
      report: (_, { id }) => reportById(store, Number(id)),
      statistics: async (_, { filter }) => {
        const buckets = await statistics(store, filter);
        const sum = (name) => buckets.reduce((total, each) => total + each[name], 0);
        return { total: sum("total"), open: sum("open"), resolved: sum("resolved"), buckets };
      },
      hexBins: (_, { within, resolution, filter }) => hexBins(store, filter, within, resolution),
    },
    Mutation: {
      submitReport: async (_, { input }, { pubsub }) => {
        const made = submit(store, input);
        await pubsub.publish({ topic: "newReports", payload: { newReports: made.event } });
        return made.payload;
      },
    },
    Subscription: { newReports: { subscribe: (_, __, { pubsub }) => pubsub.subscribe("newReports") } },
  },
  loaders: {
    Report: {
      area: loader((rows) => rowsById(store, "id, code, name", "areas", rows.map((row) => row.public_area_id))),
      photos: loader((rows) => photosOf(store, rows.map((row) => row.id))),
      reporter: loader((rows) =>
        rowsById(store, "id, display_name", "persons", rows.map((row) => (row.anonymous ? null : row.reporter_id))),
      ),
      floodArea: loader((rows) =>
        rowsById(store, "id, name, state", "flood_areas", rows.map((row) => row.public_flood_area_id)),
      ),
      laporTicket: loader(async (rows) => {
        const found = await ticketsOf(store, rows.map((row) => row.id));
        return rows.map((row, n) => (row.fuzzed ? null : found[n]));
      }),
    },
  },
});

await app.listen({ port: Number(process.env.BENCH_PORT), host: "127.0.0.1" });
console.log("ready");
