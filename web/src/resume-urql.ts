/**
 * urql as a wire for `resume`, over its subscriptionExchange or, with `fetchSubscriptions`, over event streams. Switch the
 * retry of graphql-ws off (`retryAttempts: 0`): it would send the first payload again.
 */
import type { Client } from "@urql/core";
import type { Frame, HubError, Wire } from "./resume";

export function urqlWire(client: Client): Wire {
  return {
    subscribe(payload, sink) {
      let opened = false;
      const events = client.subscription(payload.query, payload.variables);
      const { unsubscribe } = events.subscribe(({ data, error, extensions, hasNext }) => {
        if (error?.networkError) return sink.error(error.networkError);
        if (!opened) sink.opened();
        opened = true;
        // The end comes as the last result once more, marked as having no next.
        if (!hasNext && !error) return sink.complete();
        sink.next({ data, errors: error && (error.graphQLErrors as unknown as HubError[]), extensions } as Frame);
      });
      return unsubscribe;
    },
  };
}
