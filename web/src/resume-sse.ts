/** The way over server-sent events for `resume` (graphql-sse, one connection a subscription). */
import { type ClientOptions, createClient, NetworkError } from "graphql-sse";
import type { Cursor, Frame, HubError, Payload, Wire, WireSink } from "./resume";

type Options = Omit<ClientOptions<false>, "singleConnection" | "retryAttempts">;

/**
 * graphql-sse reads `event:` and `data:` but not `id:`, where the hub writes its cursors. So the bytes are read here as
 * well, on their way through: `Cursors` lines up each id with the result that it came with.
 */
export function sseWire(options: Options): Wire {
  return {
    subscribe(payload, sink) {
      const cursors = new Cursors(sink);
      const fetchFn = (options.fetchFn as typeof fetch | undefined) ?? fetch;
      const client = createClient({
        ...options,
        retryAttempts: 0,
        fetchFn: async (...request: Parameters<typeof fetch>) => watch(await fetchFn(...request), cursors),
      });
      client.subscribe(
        payload as Payload & { variables: Record<string, unknown> },
        {
          next: (frame) => cursors.delivered(() => sink.next(frame as Frame)),
          error: (reason) => void explain(reason).then((why) => sink.error(why)),
          complete: () => sink.complete(),
        },
        { connected: () => sink.opened() },
      );
      return () => client.dispose();
    },
  };
}

/** Cursors in the order in which their results will be delivered. None is told before what it stands for. */
class Cursors {
  private readonly undelivered: (Cursor | undefined)[] = [];
  constructor(private readonly sink: WireSink) {}

  /** One block of the stream was read: a result (which is delivered a moment later) or progress alone. */
  read(isResult: boolean, id: Cursor | undefined): void {
    if (isResult) this.undelivered.push(id);
    else if (id !== undefined && this.undelivered.length > 0) this.undelivered[this.undelivered.length - 1] = id;
    else if (id !== undefined) this.sink.cursor(id);
  }

  delivered(deliver: () => void): void {
    const id = this.undelivered.shift();
    deliver();
    if (id !== undefined) this.sink.cursor(id);
  }
}

function watch(response: Response, cursors: Cursors): Response {
  if (!response.ok || !response.body) return response;
  const decoder = new TextDecoder();
  let rest = "";
  const reading = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n\r\n|\n\n|\r\r/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        cursors.read(/^event: ?next$/m.test(block), /^id: ?(.+?)\r?$/m.exec(block)?.[1]);
      }
      controller.enqueue(chunk);
    },
  });
  return new Response(response.body.pipeThrough(reading), response);
}

/** What a refusal says in its body, if it says it in GraphQL's way; else the error itself. */
async function explain(reason: unknown): Promise<unknown> {
  const response = reason instanceof NetworkError ? (reason.response as Response | undefined) : undefined;
  const body: unknown = await response?.json().catch(() => undefined);
  return (body as { errors?: readonly HubError[] } | undefined)?.errors ?? reason;
}
