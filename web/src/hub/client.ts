import { Client, fetchExchange } from "@urql/core";
import { webSocketWire } from "../resume";

const HTTP = new URL("/graphql", location.href);
const WEB_SOCKET = new URL(HTTP);
WEB_SOCKET.protocol = HTTP.protocol === "https:" ? "wss:" : "ws:";

const client = new Client({ url: HTTP.href, preferGetMethod: false, exchanges: [fetchExchange] });

/** The one WebSocket of this page. Its own retry is off: `resume` subscribes anew, from the last cursor. */
export const wire = webSocketWire({ url: WEB_SOCKET.href });

/** The hub was there and said no. Anything else that `ask` throws means that it could not be reached. */
export class Refused extends Error {}

/** Asks the hub, past any cache. */
export async function ask<Data>(query: string): Promise<Data> {
  const { data, error } = await client.query<Data>(query, {}, { requestPolicy: "network-only" }).toPromise();
  if (data) return data;
  if (error?.graphQLErrors.length) throw new Refused(error.graphQLErrors.map(({ message }) => message).join("; "));
  throw error ?? new Error("no answer");
}
