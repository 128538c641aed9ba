// Hive Gateway over two REST servers, composed by Mesh: reports and flood areas from the one, tickets from the other, each
// asked once for all reports of a page.

import { createServer } from "node:http";
import { createGatewayRuntime } from "@graphql-hive/gateway";
import { defineConfig, getComposedSchemaFromConfig } from "@graphql-mesh/compose-cli";
import { loadJSONSchemaSubgraph } from "@omnigraph/json-schema";
import { serveRest } from "./rest.mjs";

const { petaJakarta, lapor } = await serveRest(process.env.BENCH_STORE);

const text = { type: "string" };
const list = (title, properties) => ({ type: "array", items: { type: "object", title, properties } });
const report = { id: { type: "integer" }, code: text, status: text, floodAreaId: { type: "integer" }, ticketOf: { type: "integer" } };
const ids = { ids: { type: "array", items: { type: "integer" } } };
const operation = (field, path, responseSchema, argTypeMap) => ({ type: "Query", field, path, method: "GET", responseSchema, argTypeMap });

const config = defineConfig({
  subgraphs: [
    {
      sourceHandler: loadJSONSchemaSubgraph("peta_jakarta", {
        endpoint: petaJakarta,
        operations: [
          operation("reports", "/reports?source={args.source}", list("Report", report)),
          operation("floods", "/floods?ids={args.ids}", list("FloodArea", { id: { type: "integer" }, name: text, state: text }), ids),
        ],
      }),
    },
    {
      sourceHandler: loadJSONSchemaSubgraph("lapor", {
        endpoint: lapor,
        operations: [
          operation("tickets", "/tickets?ids={args.ids}", list("LaporTicket", { trackingId: text, status: text, title: text }), ids),
        ],
      }),
    },
  ],
  additionalTypeDefs: /* GraphQL */ `
    extend type Report {
      floodArea: FloodArea
        @resolveTo(sourceName: "peta_jakarta", sourceTypeName: "Query", sourceFieldName: "floods", keyField: "floodAreaId", keysArg: "ids")
      laporTicket: LaporTicket
        @resolveTo(sourceName: "lapor", sourceTypeName: "Query", sourceFieldName: "tickets", keyField: "ticketOf", keysArg: "ids")
    }
  `,
});

const quiet = { debug() {}, info() {}, warn: console.warn, error: console.error, log() {}, child: () => quiet };
const supergraph = await getComposedSchemaFromConfig(config, quiet);
const gateway = createGatewayRuntime({ supergraph, logging: false, landingPage: false, graphiql: false });
createServer(gateway).listen(Number(process.env.BENCH_PORT), "127.0.0.1", () => console.log("ready"));
