// GraphQL Yoga on Node's own server, with data loaders for each request; subscriptions over graphql-ws.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import DataLoader from "dataloader";
import { useServer } from "graphql-ws/use/ws";
import { createPubSub, createSchema, createYoga } from "graphql-yoga";
import { WebSocketServer } from "ws";
import { connection, fields } from "./shapes.mjs";
import { listReports, openStore, photosOf, reportById, rowsById, ticketsOf } from "./store.mjs";
import { submit } from "./submit.mjs";

const store = await openStore(process.env.BENCH_STORE);
const pubSub = createPubSub();
const rows = (columns, table) => new DataLoader((ids) => rowsById(store, columns, table, ids));

const context = () => ({
  areas: rows("id, code, name", "areas"),
  persons: rows("id, display_name", "persons"),
  floods: rows("id, name, state", "flood_areas"),
  photos: new DataLoader((ids) => photosOf(store, ids)),
  tickets: new DataLoader((ids) => ticketsOf(store, ids)),
});

const loaded = (loader, id) => (id === null ? null : loader.load(id));

const resolvers = {
  ...fields,
  Report: {
    ...fields.Report,
    area: (row, _, ctx) => loaded(ctx.areas, row.public_area_id),
    photos: (row, _, ctx) => ctx.photos.load(row.id),
    reporter: (row, _, ctx) => loaded(ctx.persons, row.anonymous ? null : row.reporter_id),
    floodArea: (row, _, ctx) => loaded(ctx.floods, row.public_flood_area_id),
    laporTicket: (row, _, ctx) => (row.fuzzed ? null : ctx.tickets.load(row.id)),
  },
  Query: {
    reports: async (_, { first, filter }) => connection(await listReports(store, filter, first), first),
    report: (_, { id }) => reportById(store, Number(id)),
  },
  Mutation: {
    submitReport: async (_, { input }) => {
      const made = await submit(store, input);
      pubSub.publish("newReports", { newReports: made.event });
      return made.payload;
    },
  },
  Subscription: { newReports: { subscribe: () => pubSub.subscribe("newReports") } },
};

const schema = createSchema({
  typeDefs: readFileSync(new URL("schema.graphql", import.meta.url), "utf8"),
  resolvers,
});
const yoga = createYoga({ schema, context, logging: false, maskedErrors: true, graphiql: false });
const server = createServer(yoga);
useServer({ schema, context }, new WebSocketServer({ server, path: "/graphql" }));
server.listen(Number(process.env.BENCH_PORT), "127.0.0.1", () => console.log("ready"));
