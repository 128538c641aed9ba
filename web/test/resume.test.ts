import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import WebSocket from "ws";
import { type ResumeOptions, resume, type Wire, webSocketWire } from "../src/resume";
import { sseWire } from "../src/resume-sse";
import { LogServer } from "./log-server";

type Data = { events: { id: string; cursor: string } };
const QUERY =
  "subscription ($after: String, $onlyEven: Boolean) { events(after: $after, onlyEven: $onlyEven) { id cursor } }";

let server: LogServer;
const stops: (() => void)[] = [];

beforeEach(async () => {
  server = await LogServer.start();
});
afterEach(async () => {
  for (const stop of stops.splice(0)) stop();
  await server.stop();
});

const overWebSocket = () => webSocketWire({ url: server.webSocketUrl, webSocketImpl: WebSocket });
const overSse = () => sseWire({ url: server.sseUrl });

function follow(wire: Wire, more: Partial<ResumeOptions<Data>> = {}) {
  const got: string[] = [];
  const states: string[] = [];
  const feed = resume<Data>({
    wire,
    query: QUERY,
    after: "0",
    eventId: (data) => data.events.id,
    onEvent: (data) => void got.push(data.events.id),
    onState: (state) => void states.push(state),
    firstWaitMs: 4,
    longestWaitMs: 16,
    ...more,
  });
  stops.push(feed.stop);
  return { got, states, feed };
}

const ids = (count: number, first = 1) => Array.from({ length: count }, (_, i) => `event-${first + i}`);
const until = (check: () => void) => vi.waitFor(check, { timeout: 4_000, interval: 2 });

/** Repeatable randomness (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

describe.each([
  ["graphql-ws", overWebSocket],
  ["graphql-sse", overSse],
] as const)("over %s", (_name, wire) => {
  test("what is written before, during and after a break arrives once, in order", async () => {
    server.append(3);
    const { got } = follow(wire());
    await until(() => expect(got).toEqual(ids(3)));
    server.cut();
    server.append(4);
    await until(() => expect(got).toEqual(ids(7)));
    server.append(2);
    await until(() => expect(got).toEqual(ids(9)));
    expect(server.resumedFrom).toEqual(["0", "3"]);
  });

  test.each([1, 2, 3])(
    "cut off thirty times while events pour in, nothing is missed or doubled (seed %i)",
    async (seed) => {
      const random = seeded(seed);
      server.repeats = 3;
      const { got } = follow(wire());
      for (let cut = 0; cut < 30; cut++) {
        server.append(1 + Math.floor(random() * 5));
        await new Promise((resolve) => setTimeout(resolve, random() * 6));
        server.cut();
        server.append(Math.floor(random() * 3));
      }
      await until(() => expect(got.length).toBeGreaterThanOrEqual(server.log.length));
      expect(got).toEqual(ids(server.log.length));
    },
  );

  test("repeats from the hub are dropped by their id", async () => {
    server.repeats = 5;
    server.append(6);
    const { got } = follow(wire());
    await until(() => expect(got).toEqual(ids(6)));
    server.cut();
    await until(() => expect(server.resumedFrom).toEqual(["0", "6"]));
    server.append();
    await until(() => expect(got).toEqual(ids(7)));
  });

  test("a cursor that expired lists again and goes on from there", async () => {
    server.append(2);
    let listed = 0;
    const { got, states } = follow(wire(), {
      expiredSpreadMs: 10,
      onExpired: async () => {
        listed += 1;
        server.horizon = 0;
        return String(server.log.length);
      },
    });
    await until(() => expect(got).toEqual(ids(2)));
    server.append(5);
    server.horizon = 100;
    server.cut();
    await until(() => expect(listed).toBe(1));
    expect(states).toContain("waiting");
    await until(() => expect(server.resumedFrom.at(-1)).toBe("7"));
    server.append(1);
    await until(() => expect(got).toEqual([...ids(2), "event-8"]));
  });

  test("a list that cannot be had is asked for until it can", async () => {
    server.horizon = 1;
    let tries = 0;
    const { got } = follow(wire(), {
      expiredSpreadMs: 0,
      onExpired: async () => {
        tries += 1;
        if (tries < 3) throw new Error("no network");
        server.horizon = 0;
        return String(server.log.length);
      },
    });
    await until(() => expect(tries).toBe(3));
    await until(() => expect(server.resumedFrom.length).toBe(2));
    server.append();
    await until(() => expect(got).toEqual(ids(1)));
  });

  test("what the hub refuses for good is told, and not asked again", async () => {
    const failed = vi.fn();
    const { states } = follow(wire(), {
      query: "subscription ($after: String) { nothing(after: $after) }",
      onFailed: failed,
    });
    await until(() => expect(failed).toHaveBeenCalledOnce());
    expect(failed.mock.calls[0]?.[0][0].message).toContain("nothing");
    expect(states.at(-1)).toBe("stopped");
    const connections = server.connections;
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(server.connections).toBe(connections);
  });

  test("a subscription without $after starts afresh after a break", async () => {
    const { got } = follow(wire(), { query: "subscription { events { id cursor } }", after: "7" });
    await until(() => expect(server.resumedFrom).toEqual([undefined]));
    server.append();
    await until(() => expect(got).toEqual(ids(1)));
    server.cut();
    await until(() => expect(server.resumedFrom).toEqual([undefined, undefined]));
  });

  test("stopping ends it", async () => {
    const { got, feed } = follow(wire());
    server.append();
    await until(() => expect(got).toEqual(ids(1)));
    feed.stop();
    server.append(3);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(got).toEqual(ids(1));
    expect(feed.cursor).toBe("1");
  });
});

test.each([
  ["an allowance that is spent for now is waited for", { code: "COST_EXCEEDED", retryAfter: 0.02 }, 2],
  ["what is dearer than anything may be is told, and not asked again", { code: "COST_EXCEEDED" }, 1],
])("%s", async (_name, extensions, tries) => {
  const failed = vi.fn();
  let asked = 0;
  const wire: Wire = {
    subscribe(_payload, sink) {
      asked += 1;
      if (asked === 1) sink.error([{ message: "Too dear.", extensions }]);
      else sink.next({ data: { events: { id: "event-1", cursor: "1" } }, extensions: { cursor: "1" } });
      return () => undefined;
    },
  };
  const { got } = follow(wire, { onFailed: failed });
  await until(() => expect(got.length + failed.mock.calls.length).toBe(1));
  expect([asked, got.length]).toEqual([tries, tries - 1]);
});

describe("over graphql-ws alone", () => {
  test("a quiet subscription moves on by the pings, each by its own", async () => {
    const wire = overWebSocket();
    const even = follow(wire, { variables: { onlyEven: true } });
    const all = follow(wire);
    server.append(9);
    await until(() => expect(all.got).toEqual(ids(9)));
    expect(even.feed.cursor).toBe("8");
    server.ping();
    await until(() => expect(even.feed.cursor).toBe("9"));
    server.cut();
    await until(() => expect(server.resumedFrom.slice(2)).toEqual(["9", "9"]));
    server.append();
    await until(() => expect(even.got).toEqual(["event-2", "event-4", "event-6", "event-8", "event-10"]));
  });

  test("two subscriptions share one socket", async () => {
    const wire = overWebSocket();
    const [one, two] = [follow(wire), follow(wire)];
    server.append(2);
    await until(() => expect([one.got, two.got]).toEqual([ids(2), ids(2)]));
    expect(server.connections).toBe(1);
  });

  test("a hub that asks for patience (1013) is tried again, one that refuses the person (4401) is not", async () => {
    server.append();
    const failed = vi.fn();
    const { got } = follow(overWebSocket(), { onFailed: failed });
    await until(() => expect(got).toEqual(ids(1)));
    server.closeAll(1013, "resume from your cursor");
    await until(() => expect(server.resumedFrom).toEqual(["0", "1"]));
    server.append();
    await until(() => expect(got).toEqual(ids(2)));
    server.closeAll(4401, "Unauthorized");
    await until(() =>
      expect(failed).toHaveBeenCalledWith([{ message: "Unauthorized", extensions: { code: "CLOSED_4401" } }]),
    );
  });
});

test("waits grow, are never alike, and end when the network is back", async () => {
  const waits: number[] = [];
  const dead: Wire = {
    subscribe: (_payload, sink) => {
      queueMicrotask(() => sink.error(new Error("no network")));
      return () => {};
    },
  };
  const feed = resume({
    wire: dead,
    query: "subscription { sources { id } }",
    onEvent: () => {},
    onState: (state, ms) => state === "waiting" && waits.push(ms ?? 0),
    firstWaitMs: 1000,
    longestWaitMs: 8000,
  });
  stops.push(feed.stop);
  for (let tries = 1; tries <= 6; tries++) {
    await until(() => expect(waits.length).toBe(tries));
    feed.retryNow();
  }
  const ceilings = [1000, 2000, 4000, 8000, 8000, 8000];
  waits.forEach((ms, i) => {
    expect(ms).toBeGreaterThanOrEqual((ceilings[i] ?? 0) / 2);
    expect(ms).toBeLessThanOrEqual(ceilings[i] ?? 0);
  });
  expect(new Set(waits).size).toBe(waits.length);
});
