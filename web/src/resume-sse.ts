/** The way over server-sent events for `resume` (graphql-sse, one connection a subscription). */
import { type ClientOptions, createClient, NetworkError } from "graphql-sse";
import type { Cursor, Frame, HubError, Payload, RenewableWire, WireSink } from "./resume";

type Options = Omit<ClientOptions<false>, "singleConnection" | "retryAttempts">;

/**
 * graphql-sse reads `event:` and `data:` but not `id:`, where the hub writes its cursors. So the bytes are read here as
 * well, on their way through: `Cursors` lines up each id with the result that it came with. Give `headers` as a function,
 * so that a new connection shows the token of then.
 */
export function sseWire(options: Options): RenewableWire {
  const open = new Set<WireSink>();
  return {
    reconnect() {
      for (const sink of [...open]) sink.error(new Error("made anew"));
    },
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
      open.add(sink);
      return () => {
        open.delete(sink);
        client.dispose();
      };
    },
  };
}

/** Cursors in the order in which their results will be delivered. None is told before what it stands for. */
class Cursors {
  private readonly undelivered: (Cursor | undefined)[] = [];
  constructor(private readonly sink: WireSink) {}

  expiring(seconds: number): void {
    this.sink.expiring(seconds);
  }

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
  let completed = false;
  const reading = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n\r\n|\n\n|\r\r/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const warning = /^: ?sessionExpiresInSeconds (\d+)\r?$/m.exec(block)?.[1];
        if (warning !== undefined) cursors.expiring(Number(warning));
        if (/^event: ?complete\r?$/m.test(block)) completed = true;
        cursors.read(/^event: ?next\r?$/m.test(block), /^id: ?(.+?)\r?$/m.exec(block)?.[1]);
      }
      controller.enqueue(chunk);
    },
    // graphql-sse takes an end for a break only while it waits for a result; else it would wait for ever.
    flush(controller) {
      if (!completed) controller.error(new Error("The stream was broken off"));
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
