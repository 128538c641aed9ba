import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { type ExecutionResult, GraphQLError, type OperationDefinitionNode, parse } from "graphql";
import { createClient } from "graphql-ws";

type Headers = Record<string, string>;

const HTTP = new URL("/graphql", location.href);

/** Queries and mutations by POST; subscriptions over graphql-transport-ws, with the same headers in connection_init. */
export const fetcher: Fetcher = (asked, options) => {
  const headers = (options?.headers ?? {}) as Headers;
  const operations = operationsOf(asked.query);
  // GraphiQL learns the name of an operation a moment after its text: run at once, it would ask for the previous one.
  const operationName = operations.length > 1 ? (asked.operationName ?? null) : null;
  const chosen = operations.find(({ name }) => operationName === null || name?.value === operationName);
  const params = { ...asked, operationName };
  return chosen?.operation === "subscription" ? subscribe(params, headers) : post(params, headers);
};

/** None in a text with a mistake in it: the hub says best what is wrong. */
function operationsOf(query: string): OperationDefinitionNode[] {
  try {
    return parse(query).definitions.filter((definition) => definition.kind === "OperationDefinition");
  } catch {
    return [];
  }
}

async function post(params: FetcherParams, headers: Headers): Promise<ExecutionResult> {
  const response = await fetch(HTTP, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json;q=0.9",
      ...headers,
    },
    body: JSON.stringify(params),
  });
  const body = await response.text();
  try {
    return JSON.parse(body);
  } catch {
    return failure(`HTTP ${response.status}: ${body.slice(0, 500)}`);
  }
}

/** One socket for each run: the token is part of the connection, and may be another at the next run. */
async function* subscribe(
  { query, variables, operationName }: FetcherParams,
  headers: Headers,
): AsyncGenerator<ExecutionResult> {
  const url = new URL(HTTP);
  url.protocol = HTTP.protocol === "https:" ? "wss:" : "ws:";
  const client = createClient({ url: url.href, connectionParams: connectionParams(headers), retryAttempts: 0 });
  try {
    const results = client.iterate({ query, variables, operationName: operationName ?? null });
    yield* results as AsyncIterableIterator<ExecutionResult>;
  } catch (reason) {
    // A closed socket is no Error, and GraphiQL would show it as {}.
    yield Array.isArray(reason) ? { errors: reason } : failure(describe(reason));
  } finally {
    await client.dispose();
  }
}

/** The hub reads the token from `Authorization` and follow tokens from `followTokens`, a list. */
function connectionParams(headers: Headers): Record<string, unknown> {
  const follow = Object.entries(headers).find(([name]) => name.toLowerCase() === "simpul-follow-token")?.[1];
  return follow ? { ...headers, followTokens: follow.split(",").map((token) => token.trim()) } : headers;
}

function failure(message: string): ExecutionResult {
  return { errors: [new GraphQLError(message)] };
}

function describe(reason: unknown): string {
  if (reason instanceof CloseEvent) return `Socket closed (${reason.code}) ${reason.reason}`.trim();
  return reason instanceof Error ? reason.message : "The hub could not be reached.";
}
