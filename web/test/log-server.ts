/** A small event log served for real over graphql-ws and graphql-sse, which can be cut off at any moment. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import {
  type FormattedExecutionResult,
  GraphQLBoolean,
  GraphQLError,
  GraphQLID,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
} from "graphql";
import { createHandler } from "graphql-sse/lib/use/http";
import { useServer as serveWebSockets } from "graphql-ws/use/ws";
import { type WebSocket, WebSocketServer } from "ws";

interface Entry {
  readonly id: string;
  readonly seq: number;
  readonly even: boolean;
}

export class LogServer {
  readonly log: Entry[] = [];
  /** How many events before the cursor are told once more on a resumption. */
  repeats = 0;
  /** Cursors below this are too old. */
  horizon = 0;
  /** Cursors that subscribers showed, oldest first. */
  readonly resumedFrom: (string | undefined)[] = [];
  connections = 0;
  private readonly waiting = new Set<() => void>();
  private readonly webSockets = new Set<WebSocket>();
  private readonly streams = new Set<Socket>();
  private readonly operations = new Map<string, WebSocket>();

  private constructor(
    private readonly http: Server,
    readonly origin: string,
  ) {}

  static async start(): Promise<LogServer> {
    const http = createServer();
    await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
    const server = new LogServer(http, `127.0.0.1:${(http.address() as AddressInfo).port}`);
    server.serve();
    return server;
  }

  get webSocketUrl(): string {
    return `ws://${this.origin}/graphql`;
  }

  get sseUrl(): string {
    return `http://${this.origin}/graphql`;
  }

  append(count = 1): void {
    for (let i = 0; i < count; i++) {
      const seq = this.log.length + 1;
      this.log.push({ id: `event-${seq}`, seq, even: seq % 2 === 0 });
    }
    for (const wake of [...this.waiting]) wake();
  }

  /** Ends all connections as a lost network does: without a word. */
  cut(): void {
    for (const socket of this.webSockets) socket.terminate();
    for (const socket of this.streams) socket.destroy();
  }

  /** A ping that tells every operation of each socket how far it is. */
  ping(): void {
    for (const socket of this.webSockets) {
      const own = [...this.operations].filter(([, on]) => on === socket).map(([id]) => [id, String(this.log.length)]);
      socket.send(JSON.stringify({ type: "ping", payload: { cursors: Object.fromEntries(own) } }));
    }
  }

  closeAll(code: number, reason: string): void {
    for (const socket of this.webSockets) socket.close(code, reason);
  }

  async stop(): Promise<void> {
    this.cut();
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }

  private follow(after: string | undefined, onlyEven: boolean): AsyncGenerator<{ events: Entry }> {
    this.resumedFrom.push(after);
    const from = after === undefined ? this.log.length : Number(after);
    if (from < this.horizon) throw new GraphQLError("too old", { extensions: { code: "CURSOR_EXPIRED" } });
    return this.read(after === undefined ? from : Math.max(0, from - this.repeats), onlyEven);
  }

  private async *read(from: number, onlyEven: boolean): AsyncGenerator<{ events: Entry }> {
    for (let at = from; ; at++) {
      while (at >= this.log.length) await this.more();
      const entry = this.log[at];
      if (entry && (!onlyEven || entry.even)) yield { events: entry };
    }
  }

  private more(): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.waiting.delete(wake);
        resolve();
      };
      this.waiting.add(wake);
    });
  }

  private schema(): GraphQLSchema {
    const event = new GraphQLObjectType({
      name: "Event",
      fields: {
        id: { type: new GraphQLNonNull(GraphQLID) },
        cursor: { type: GraphQLString, resolve: (e) => String(e.seq) },
      },
    });
    return new GraphQLSchema({
      query: new GraphQLObjectType({ name: "Query", fields: { ok: { type: GraphQLBoolean } } }),
      subscription: new GraphQLObjectType({
        name: "Subscription",
        fields: {
          events: {
            type: event,
            args: { after: { type: GraphQLString }, onlyEven: { type: GraphQLBoolean } },
            subscribe: (_root, args) => this.follow(args.after ?? undefined, args.onlyEven ?? false),
          },
        },
      }),
    });
  }

  private serve(): void {
    const schema = this.schema();
    const webSockets = new WebSocketServer({ server: this.http, path: "/graphql" });
    webSockets.on("connection", (socket) => {
      this.connections += 1;
      this.webSockets.add(socket);
      socket.on("close", () => this.webSockets.delete(socket));
    });
    serveWebSockets(
      {
        schema,
        onSubscribe: (context, id) => void this.operations.set(id, context.extra.socket),
        onNext: (_context, _id, _payload, _args, result) => {
          const event = (result.data as { events?: { cursor: string } } | null)?.events;
          return event ? ({ ...result, extensions: { cursor: event.cursor } } as FormattedExecutionResult) : undefined;
        },
      },
      webSockets,
    );
    const sse = createHandler({ schema });
    this.http.on("request", (request, response) => {
      this.connections += 1;
      this.streams.add(request.socket);
      request.socket.on("close", () => this.streams.delete(request.socket));
      writeIds(response);
      sse(request, response).catch(() => response.destroy());
    });
  }
}

/** Puts the `id:` line before each result, as the hub does. */
function writeIds(response: ServerResponse): void {
  const write = response.write.bind(response) as (chunk: string, done: () => void) => boolean;
  response.write = ((chunk: string, done: () => void) => {
    const cursor = /"cursor":"(\d+)"/.exec(chunk)?.[1];
    return write(cursor === undefined ? chunk : `id: ${cursor}\n${chunk}`, done);
  }) as typeof response.write;
}
