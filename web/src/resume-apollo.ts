/**
 * Apollo Client as a wire for `resume`, whatever link carries its subscriptions. Switch the retry of graphql-ws off
 * (`retryAttempts: 0`): it would send the first payload again.
 */
import { type ApolloClient, CombinedGraphQLErrors, gql } from "@apollo/client/core";
import type { Frame, HubError, Wire } from "./resume";

export function apolloWire(client: ApolloClient): Wire {
  return {
    subscribe(payload, sink) {
      let opened = false;
      const { query, variables } = payload;
      // Past the cache: an event shows its report as it is now, whatever was cached of it before.
      const events = client.subscribe({ query: gql(query), variables, fetchPolicy: "no-cache", errorPolicy: "all" });
      const subscription = events.subscribe({
        next({ data, error, extensions }) {
          if (error && !CombinedGraphQLErrors.is(error)) return sink.error(closed(error));
          if (!opened) sink.opened();
          opened = true;
          sink.next({ data, errors: error?.errors as HubError[] | undefined, extensions } as Frame);
        },
        error: (reason) => sink.error(closed(reason)),
        complete: () => sink.complete(),
      });
      return () => subscription.unsubscribe();
    },
  };
}

/** Apollo's link tells the code of a closed socket in words only. */
function closed(reason: unknown): unknown {
  const [, code, words] = /^Socket closed with event (\d+) ?(.*)$/.exec((reason as Error).message) ?? [];
  return code === undefined ? reason : { code: Number(code), reason: words };
}
