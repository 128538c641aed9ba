import { useEffect, useSyncExternalStore } from "react";
import { ask, Refused, wire } from "../hub/client";
import {
  REPORT_EVENTS,
  type ReportEvent,
  SOURCE_CHANGES,
  SOURCES,
  type Source,
  type SourcesData,
  START,
  type StartData,
} from "../hub/operations";
import { setHubClock } from "../look/Age";
import { type Resumed, type ResumeState, resume } from "../resume";
import { EMPTY, type Feed, happened, listed, revealed } from "./feed";

const SOURCES_EVERY_MS = 30_000;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

export interface Connection {
  readonly state: ResumeState | "offline";
  /** When the next try is due, by this machine's clock. */
  readonly retryAt: number | undefined;
}

export interface StartState {
  readonly feed: Feed;
  readonly sources: readonly Source[];
  readonly loaded: boolean;
  readonly connection: Connection;
  readonly trouble:
    | { readonly kind: "unreachable" }
    | { readonly kind: "refused"; readonly message: string }
    | undefined;
}

let state: StartState = {
  feed: EMPTY,
  sources: [],
  loaded: false,
  connection: { state: "connecting", retryAt: undefined },
  trouble: undefined,
};
const watchers = new Set<() => void>();
let streams: Resumed[] = [];
let retryList: (() => void) | undefined;

function change(part: Partial<StartState>): void {
  state = { ...state, ...part };
  for (const watcher of watchers) watcher();
}

/** What the page shows, as it is now. */
export function useStart(): StartState {
  return useSyncExternalStore(
    (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    () => state,
  );
}

/** Lists, then follows; keeps the sources' ages fresh while somebody looks. */
export function useHub(): void {
  useEffect(() => {
    let ended = false;
    void begin(() => ended);
    const polling = setInterval(() => document.hidden || !state.loaded || void pollSources(), SOURCES_EVERY_MS);
    const online = () => retryNow();
    // The socket may not notice for minutes. Where the hub is on this very machine, the next try brings it back at once.
    const offline = () => wire.client.terminate();
    addEventListener("online", online);
    addEventListener("offline", offline);
    return () => {
      ended = true;
      clearInterval(polling);
      removeEventListener("online", online);
      removeEventListener("offline", offline);
      for (const stream of streams) stream.stop();
      streams = [];
    };
  }, []);
}

export function reveal(): void {
  change({ feed: revealed(state.feed) });
}

/** Ends whatever wait is on. */
export function retryNow(): void {
  retryList?.();
  for (const stream of streams) stream.retryNow();
}

async function begin(isEnded: () => boolean): Promise<void> {
  for (let failures = 0; !isEnded(); failures++) {
    try {
      const cursor = await list();
      if (!isEnded()) follow(cursor);
      return;
    } catch (error) {
      const refused = error instanceof Refused;
      const ms = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures) * (0.5 + Math.random() / 2);
      change({
        trouble: refused ? { kind: "refused", message: error.message } : { kind: "unreachable" },
        connection: { state: "waiting", retryAt: Date.now() + ms },
      });
      await new Promise<void>((resolve) => {
        retryList = resolve;
        setTimeout(resolve, ms);
      });
      retryList = undefined;
      change({ connection: { state: "connecting", retryAt: undefined } });
    }
  }
}

/** Returns the cursor of the snapshot that the list was read from. */
async function list(): Promise<string> {
  const data = await ask<StartData>(START);
  if (!data.reports) throw new Refused("reports");
  setHubClock(data.now);
  change({ feed: listed(state.feed, data.reports.nodes), sources: data.sources, loaded: true, trouble: undefined });
  return data.logCursor;
}

async function pollSources(): Promise<void> {
  try {
    const { now, sources } = await ask<SourcesData>(SOURCES);
    setHubClock(now);
    change({ sources });
  } catch {
    // The connection's state already says that the hub is away, and the ages go on growing.
  }
}

function follow(after: string): void {
  const failed = (errors: readonly { message: string }[]) =>
    change({ trouble: { kind: "refused", message: errors.map(({ message }) => message).join("; ") } });
  streams = [
    resume<{ reportEvents: ReportEvent }>({
      wire,
      query: REPORT_EVENTS,
      after,
      eventId: (data) => data.reportEvents.id,
      onEvent: (data) => change({ feed: happened(state.feed, data.reportEvents) }),
      onExpired: list,
      onFailed: failed,
      onState: (now, waitMs) =>
        change({
          connection: {
            state: now === "waiting" && !navigator.onLine ? "offline" : now,
            retryAt: waitMs === undefined ? undefined : Date.now() + waitMs,
          },
        }),
    }),
    resume<{ sources: Source }>({
      wire,
      query: SOURCE_CHANGES,
      onEvent: ({ sources: source }) => change({ sources: withSource(state.sources, source) }),
      onFailed: failed,
    }),
  ];
}

function withSource(sources: readonly Source[], source: Source): readonly Source[] {
  return sources.some(({ id }) => id === source.id)
    ? sources.map((known) => (known.id === source.id ? source : known))
    : [...sources, source];
}
