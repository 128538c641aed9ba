/**
 * Subscriptions that miss nothing and double nothing, over any connection that breaks.
 *
 * The clients of graphql-ws and graphql-sse resend their *first* payload when they reconnect, so with `after` in the
 * variables they would be told again everything since then, and without it they would miss what happened meanwhile.
 * `resume` keeps the clients' own retry off and subscribes anew itself, from the last cursor that it was given.
 *
 *     const wire = webSocketWire({ url: "ws://localhost:8000/graphql" });      // or sseWire, in resume-sse.ts
 *     const feed = resume<{ reportEvents: ReportEvent }>({
 *       wire,
 *       query: "subscription($after: Cursor) { reportEvents(after: $after) { id kind matches report { id text } } }",
 *       after: list.logCursor,                        // asked for in the same query as the list
 *       eventId: (data) => data.reportEvents.id,
 *       onEvent: (data) => show(data.reportEvents),
 *       onExpired: async () => (await listAgain()).logCursor,
 *       onFailed: (errors) => tell(errors),
 *     });
 *     feed.stop();
 */
import { type Client, type ClientOptions, createClient } from "graphql-ws";

export type Cursor = string;

export interface HubError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly retryAfter?: number; readonly [key: string]: unknown };
}

/** One result of a subscription. */
export interface Frame {
  readonly data?: unknown;
  readonly errors?: readonly HubError[] | undefined;
  readonly extensions?: { readonly cursor?: unknown; readonly [key: string]: unknown } | undefined;
}

export interface Payload {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** What a wire tells. `cursor` is progress without an event: what was written to us before it, we have. */
export interface WireSink {
  opened(): void;
  next(frame: Frame): void;
  cursor(cursor: Cursor): void;
  /** The token that was shown holds for so many seconds more. */
  expiring(seconds: number): void;
  /** A list of GraphQL errors when the hub refused; anything else is a broken connection. */
  error(reason: unknown): void;
  complete(): void;
}

/** One way to the hub, without any retry of its own. */
export interface Wire {
  subscribe(payload: Payload, sink: WireSink): () => void;
}

/** `waiting` comes with the milliseconds until the next try. */
export type ResumeState = "connecting" | "live" | "waiting" | "stopped";

export interface ResumeOptions<Data> {
  readonly wire: Wire;
  /** It declares `$after` if it can be resumed; without, every new connection starts afresh (`sources`). */
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  /** Where to start. Leave it out only where what happened before the first connection does not matter. */
  readonly after?: Cursor | undefined;
  /** What tells one event from another; repeats of it are dropped. Leave it out for what has no events (`sources`). */
  readonly eventId?: (data: Data) => string | undefined;
  readonly onEvent: (data: Data, errors?: readonly HubError[]) => void;
  /** The cursor no longer holds: ask for the list again, show it, and return the `logCursor` of that same query. */
  readonly onExpired?: () => Promise<Cursor>;
  /** The hub refused for good (a wrong query, a token that ran out). Nothing more comes; start again when mended. */
  readonly onFailed?: (errors: readonly HubError[]) => void;
  readonly onState?: (state: ResumeState, waitMs?: number) => void;
  /** The token of this connection runs out: get a new one, then call `reconnect` of the wire. Told once a connection. */
  readonly onExpiring?: (seconds: number) => void;
  readonly firstWaitMs?: number;
  readonly longestWaitMs?: number;
  /** All readers lose their cursors at the same moment, so each lists again somewhere within this time. */
  readonly expiredSpreadMs?: number;
}

export interface Resumed {
  stop(): void;
  /** Ends a wait now: the network came back, or somebody pressed "try again". */
  retryNow(): void;
  /** Up to where everything has been handed to `onEvent`. */
  readonly cursor: Cursor | undefined;
}

const PASSING = new Set(["OVERLOADED", "RATE_LIMITED", "TIMEOUT", "SOURCE_UNAVAILABLE", "INTERNAL"]);
/** Bad request, unauthorized, forbidden, no common protocol: asking again would only be refused again. */
const CLOSED_FOR_GOOD = new Set([4400, 4401, 4403, 4406]);
const REMEMBERED_EVENTS = 2000;

export function resume<Data>(options: ResumeOptions<Data>): Resumed {
  const { firstWaitMs = 500, longestWaitMs = 30_000, expiredSpreadMs = 60_000 } = options;
  const resumable = /\$after\b/.test(options.query);
  const seen = new Set<string>();
  let after = options.after;
  let failures = 0;
  let stopped = false;
  let leave = () => {};
  let waking: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function connect(): void {
    let over = false;
    let warned = false;
    const end = (then: () => void) => {
      if (over || stopped) return;
      over = true;
      leave();
      then();
    };
    options.onState?.("connecting");
    const variables = { ...options.variables, ...(resumable && after !== undefined ? { after } : {}) };
    const unsubscribe = options.wire.subscribe(
      { query: options.query, variables },
      {
        opened: () => over || stopped || options.onState?.("live"),
        next(frame) {
          if (over || stopped) return;
          if (frame.errors?.length && frame.data == null) return end(() => refused(frame.errors ?? []));
          failures = 0;
          deliver(frame);
        },
        cursor(cursor) {
          if (over || stopped) return;
          failures = 0;
          after = cursor;
        },
        expiring(seconds) {
          if (over || stopped || warned) return;
          warned = true;
          options.onExpiring?.(seconds);
        },
        error: (reason) => end(() => (isErrors(reason) ? refused(reason) : broken(reason))),
        complete: () => end(() => broken(undefined)),
      },
    );
    leave = unsubscribe;
    if (over) unsubscribe(); // a wire may fail while subscribing, before there was anything to leave
  }

  function deliver(frame: Frame): void {
    const data = frame.data as Data;
    const id = options.eventId?.(data);
    if (id === undefined || !seen.has(id)) options.onEvent(data, frame.errors);
    if (id !== undefined) remember(seen, id);
    // Only now: had onEvent thrown, the event would come again.
    if (typeof frame.extensions?.cursor === "string") after = frame.extensions.cursor;
  }

  function refused(errors: readonly HubError[]): void {
    const { code = "", retryAfter } = errors[0]?.extensions ?? {};
    if (code === "CURSOR_EXPIRED" && options.onExpired) wait(Math.random() * expiredSpreadMs, listAgain);
    else if (PASSING.has(code) || retryAfter !== undefined)
      wait(Math.max(backOff(), (retryAfter ?? 0) * 1000), connect);
    else fail(errors);
  }

  function broken(reason: unknown): void {
    const { code, reason: words } = (reason ?? {}) as { code?: unknown; reason?: unknown };
    if (typeof code === "number" && CLOSED_FOR_GOOD.has(code)) {
      fail([{ message: String(words ?? ""), extensions: { code: `CLOSED_${code}` } }]);
    } else {
      wait(backOff(), connect);
    }
  }

  async function listAgain(): Promise<void> {
    try {
      const cursor = await options.onExpired?.();
      if (stopped) return;
      after = cursor;
      connect();
    } catch {
      // The list is as unreachable as the stream: the same patience for both, and onState tells of it.
      if (!stopped) wait(backOff(), listAgain);
    }
  }

  function fail(errors: readonly HubError[]): void {
    stop();
    options.onFailed?.(errors);
  }

  function wait(ms: number, then: () => void): void {
    options.onState?.("waiting", ms);
    waking = () => {
      clearTimeout(timer);
      waking = undefined;
      then();
    };
    timer = setTimeout(waking, ms);
  }

  /** Doubles with each failure in a row; at least half of it random, so that a restarted hub is not met by everyone at once. */
  function backOff(): number {
    const ceiling = Math.min(longestWaitMs, firstWaitMs * 2 ** failures);
    failures += 1;
    return ceiling / 2 + (Math.random() * ceiling) / 2;
  }

  function stop(): void {
    if (stopped) return;
    stopped = true;
    clearTimeout(timer);
    leave();
    options.onState?.("stopped");
  }

  connect();
  return {
    stop,
    retryNow: () => waking?.(),
    get cursor() {
      return after;
    },
  };
}

/** Bounded: repeats follow closely on a resumption, so the newest are enough. */
function remember(seen: Set<string>, id: string): void {
  seen.delete(id);
  seen.add(id);
  if (seen.size > REMEMBERED_EVENTS) for (const oldest of seen) return void seen.delete(oldest);
}

function isErrors(reason: unknown): reason is readonly HubError[] {
  return Array.isArray(reason) && reason.length > 0;
}

/** A wire whose connections can be made anew, with the credentials of now: each subscription comes back from its cursor. */
export interface RenewableWire extends Wire {
  reconnect(): void;
}

/**
 * Many subscriptions over one WebSocket (graphql-transport-ws). Pings carry how far each of them is,
 * `{ cursors: { operationId: cursor } }`, and in the end how long the token still holds. Give `connectionParams` as a
 * function, so that a new connection shows the token of then.
 */
export function webSocketWire(options: ClientOptions): RenewableWire & { readonly client: Client } {
  const sinks = new Map<string, WireSink>();
  const ids = new WeakMap<object, string>();
  let drawn = 0;
  let connected = false;
  let silence: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    keepAlive: 10_000,
    ...options,
    retryAttempts: 0,
    shouldRetry: () => false,
    generateID: (payload) => ids.get(payload) ?? `own-${++drawn}`,
  });

  client.on("connected", () => {
    connected = true;
    for (const sink of sinks.values()) sink.opened();
  });
  client.on("closed", () => {
    connected = false;
    clearTimeout(silence);
  });
  client.on("message", () => clearTimeout(silence));
  client.on("ping", (received, payload) => {
    if (received) return tellProgress(sinks, payload);
    // A phone that changed networks keeps a dead socket open for minutes: no answer to our ping ends it.
    silence = setTimeout(() => client.terminate(), 5_000);
  });

  return {
    client,
    reconnect: () => client.terminate(),
    subscribe(payload, sink) {
      const id = `s-${++drawn}`;
      const sent = { ...payload };
      ids.set(sent, id);
      sinks.set(id, sink);
      if (connected) sink.opened();
      const forget = (then: () => void) => {
        sinks.delete(id);
        then();
      };
      const leave = client.subscribe(sent, {
        next: (frame) => sink.next(frame as Frame),
        error: (reason) => forget(() => sink.error(reason)),
        complete: () => forget(() => sink.complete()),
      });
      return () => forget(leave);
    },
  };
}

function tellProgress(sinks: Map<string, WireSink>, payload: unknown): void {
  const told = (payload ?? {}) as { cursors?: Record<string, unknown>; sessionExpiresInSeconds?: unknown };
  for (const [id, cursor] of Object.entries(told.cursors ?? {})) {
    if (typeof cursor === "string") sinks.get(id)?.cursor(cursor);
  }
  const seconds = told.sessionExpiresInSeconds;
  if (typeof seconds === "number") for (const sink of [...sinks.values()]) sink.expiring(seconds);
}
