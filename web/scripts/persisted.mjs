// Asks a hub with Apollo Client's persisted queries, twice from a client that knows nothing: prints what was sent.
// Usage: node scripts/persisted.mjs http://127.0.0.1:8000/graphql
import { createHash } from "node:crypto";
import { ApolloClient, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";

const sent = [];
const noted = async (address, options) => {
  const response = await fetch(address, options);
  const whole = `${address} ${options.body ?? ""}`;
  sent.push(`${options.method} ${whole.includes("__schema") ? "text" : "hash"} ${response.status}`);
  return response;
};
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const query = gql`query Named { __schema { queryType { name } } }`;

async function ask() {
  const link = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: link.concat(new HttpLink({ uri: process.argv[2], fetch: noted })),
  });
  const { data } = await client.query({ query });
  return data.__schema.queryType.name;
}

const names = [await ask(), await ask()];
console.log(JSON.stringify({ names, sent }));
