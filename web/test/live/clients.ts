/**
 * Every client that frontends use, subscribed to one hub at the same time, with the resume helper and without it. Writes
 * a line of JSON for whatever happens: `{ client, got }`, `{ client, closed }`, `{ client, state }`, `{ client, failed }`.
 *
 *     node --import ./test/live/typescript-hooks.mjs test/live/clients.ts '{"origin": "127.0.0.1:8000", "after": "…"}'
 */
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from "@apollo/client/core";
import { GraphQLWsLink } from "@apollo/client/link/subscriptions";
import { fetchExchange, subscriptionExchange, Client as UrqlClient } from "@urql/core";
import { print } from "graphql";
import { createClient as createSseClient } from "graphql-sse";
import { type ClientOptions, createClient as createWsClient, type Client as WsClient } from "graphql-ws";
import { Observable } from "rxjs";
import WebSocket from "ws";
import { resume, type Wire, webSocketWire } from "../../src/resume";
import { apolloWire } from "../../src/resume-apollo";
import { sseWire } from "../../src/resume-sse";
import { urqlWire } from "../../src/resume-urql";

interface Given {
  /** Host and port. */
  readonly origin: string;
  readonly after: string;
  /** A token that soon runs out, and one that does not. */
  readonly tokens: readonly [string, string];
}
interface Data {
  readonly newReports: { readonly id: string; readonly report: { readonly text: string } | null };
}

// Browsers have one; Apollo's link looks for it there.
(globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;

const given = JSON.parse(process.argv[2] ?? "{}") as Given;
const webSocketUrl = `ws://${given.origin}/graphql`;
const httpUrl = `http://${given.origin}/graphql`;
const LONG = Array.from({ length: 24 }, (_, i) => `t${i}: text`).join(" ");
const QUERY = `subscription ($after: Cursor) { newReports(after: $after) { id report { text ${LONG} } } }`;
const WITHOUT_AFTER = "subscription { newReports { id report { text } } }";

const tell = (client: string, what: Record<string, unknown>) =>
  process.stdout.write(`${JSON.stringify({ client, ...what })}\n`);
const got = (client: string) => (data: Data) => tell(client, { got: data.newReports.report?.text ?? null });

function wsOptions(client: string): ClientOptions {
  return {
    url: webSocketUrl,
    webSocketImpl: WebSocket,
    on: { closed: (event) => tell(client, { closed: (event as CloseEvent).code }) },
  };
}
/** For whoever is to come back by `resume` alone. */
const once = (client: string) => createWsClient({ ...wsOptions(client), retryAttempts: 0 });
/** For whoever is left to the library. */
const retrying = (client: string) =>
  createWsClient({
    ...wsOptions(client),
    retryAttempts: 1_000,
    retryWait: () => new Promise((waited) => setTimeout(waited, 100)),
    shouldRetry: () => true,
  });

function helped(client: string, wire: Wire, onExpiring?: (seconds: number) => void): void {
  resume<Data>({
    wire,
    query: QUERY,
    after: given.after,
    eventId: (data) => data.newReports.id,
    onEvent: got(client),
    onState: (state) => tell(client, { state }),
    onFailed: (errors) => tell(client, { failed: errors }),
    ...(onExpiring && { onExpiring }),
    firstWaitMs: 100,
    longestWaitMs: 400,
  });
}

const apollo = (link: ApolloLink) => new ApolloClient({ link, cache: new InMemoryCache() });
const urqlOver = (ws: WsClient) =>
  new UrqlClient({
    url: httpUrl,
    preferGetMethod: false,
    exchanges: [
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: ws.subscribe(
              { query: query ?? "", ...(variables && { variables: variables as never }) },
              sink as never,
            ),
          }),
        }),
      }),
    ],
  });
const urqlOverEvents = () =>
  new UrqlClient({ url: httpUrl, preferGetMethod: false, fetchSubscriptions: true, exchanges: [fetchExchange] });

/** Apollo has no link of its own for event streams; this is all that it takes. */
class EventStreamLink extends ApolloLink {
  private readonly client = createSseClient({ url: httpUrl, retryAttempts: 0 });

  override request(operation: ApolloLink.Operation): Observable<ApolloLink.Result> {
    const { query, variables } = operation;
    return new Observable((observer) =>
      this.client.subscribe(
        { query: print(query), variables },
        {
          next: (result) => observer.next(result as ApolloLink.Result),
          error: (reason) => observer.error(reason),
          complete: () => observer.complete(),
        },
      ),
    );
  }
}

helped("graphql-ws and resume", webSocketWire(wsOptions("graphql-ws and resume")));
helped("graphql-sse and resume", sseWire({ url: httpUrl }));
helped(
  "Apollo over graphql-ws and resume",
  apolloWire(apollo(new GraphQLWsLink(once("Apollo over graphql-ws and resume")))),
);
helped("Apollo over graphql-sse and resume", apolloWire(apollo(new EventStreamLink())));
helped("urql over graphql-ws and resume", urqlWire(urqlOver(once("urql over graphql-ws and resume"))));
helped("urql over event streams and resume", urqlWire(urqlOverEvents()));

// Whose token runs out, and who gets a new one in time.
let token = given.tokens[0];
const renewing = {
  ws: webSocketWire({
    ...wsOptions("graphql-ws, renewed"),
    connectionParams: () => ({ authorization: `Bearer ${token}` }),
  }),
  sse: sseWire({ url: httpUrl, headers: () => ({ authorization: `Bearer ${token}` }) }),
};
for (const [way, wire] of Object.entries(renewing)) {
  const client = `graphql-${way}, renewed`;
  helped(client, wire, (seconds) => {
    tell(client, { expiring: seconds });
    token = given.tokens[1];
    wire.reconnect();
  });
}

// Without the helper.
const sink = (client: string) => ({
  next: (result: { data?: unknown }) => got(client)(result.data as Data),
  error: (reason: unknown) => tell(client, { failed: String(reason) }),
  complete: () => tell(client, { completed: true }),
});
const wait = async () => new Promise<void>((waited) => setTimeout(waited, 100));
const plain = { query: QUERY, variables: { after: given.after } };
retrying("graphql-ws alone").subscribe(plain, sink("graphql-ws alone"));
retrying("graphql-ws alone, without after").subscribe(
  { query: WITHOUT_AFTER },
  sink("graphql-ws alone, without after"),
);
createSseClient({ url: httpUrl, retryAttempts: 1_000, retry: wait }).subscribe(plain, sink("graphql-sse alone"));
apollo(new GraphQLWsLink(retrying("Apollo alone")))
  .subscribe<Data>({ query: gql(QUERY), variables: plain.variables, fetchPolicy: "no-cache" })
  .subscribe(sink("Apollo alone"));
urqlOver(retrying("urql alone"))
  .subscription(QUERY, plain.variables)
  .subscribe((result) =>
    result.error ? tell("urql alone", { failed: result.error.message }) : sink("urql alone").next(result),
  );

// What Apollo asks for by itself over HTTP is another protocol (multipart), which the hub does not speak.
apollo(new HttpLink({ uri: httpUrl }))
  .subscribe<Data>({ query: gql(QUERY), variables: plain.variables })
  .subscribe((result) => tell("Apollo over its HttpLink", { failed: String(result.error) }));
