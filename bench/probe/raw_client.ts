/**
 * A client that speaks bytes over a TCP socket, reads only when it is told to, and remembers what
 * came and how the connection ended. It knows as much of HTTP as a status line and the end of a
 * chunked body.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { HOST } from "../servers/hello.ts";
import type { Changes } from "./changes.ts";
import type { ProbedServer } from "./probed_server.ts";

/** What is kept of the beginning: heads and short bodies. */
const KEPT_BYTES_MAX = 16 << 10;
const LAST_CHUNK = "0\r\n\r\n";

/** `open`, or how the server ended it. */
export type StreamEnd = "open" | "closed" | "reset";

export class RawClient {
  /** The first bytes that came, as Latin-1. */
  received = "";
  receivedBytes = 0;
  end: StreamEnd = "open";
  /** When it last became true that the client had done its part; on the scale of `performance`. */
  sinceMs = performance.now();
  isConnected = false;
  #tail = "";
  readonly #socket: Socket;
  readonly #changes: Changes;

  constructor(server: ProbedServer) {
    this.#changes = server.changes;
    // Half-open: what the server does behind our FIN is the server's affair.
    const socket = connect({ host: HOST, port: server.port, allowHalfOpen: true });
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("connect", () => {
      this.isConnected = true;
      this.#changes.tell();
    });
    socket.on("end", () => this.#endedAs("closed"));
    socket.on("error", () => this.#endedAs("reset"));
    socket.on("close", () => this.#endedAs("closed"));
  }

  /** Starts to read. Before that the client takes nothing but what Node reads ahead. */
  read(): this {
    this.#socket.on("data", (bytes: Buffer) => this.#take(bytes));
    return this;
  }

  /** Sends Latin-1 text. The time of the client's last move is now. */
  send(text: string): this {
    this.#socket.write(text, "latin1");
    this.touch();
    return this;
  }

  /** The client has done its part now. */
  touch(): void {
    this.sinceMs = performance.now();
  }

  /** Half-closes behind what was sent. */
  fin(): void {
    this.#socket.end();
    this.touch();
  }

  /** Leaves as a process that exits: with a FIN, and with a reset for what still comes. */
  leave(): void {
    this.#socket.destroy();
    this.touch();
  }

  /** Leaves with a reset. */
  reset(): void {
    this.#socket.resetAndDestroy();
    this.touch();
  }

  /** The status of the first answer; null before its status line is here. */
  get status(): number | null {
    const match = /^HTTP\/1\.[01] (\d{3})[ \r]/.exec(this.received);
    return match === null ? null : Number(match[1]);
  }

  get isOver(): boolean {
    return this.end !== "open";
  }

  /** True exactly when the last bytes look like the end of a chunked body. */
  get endsWithLastChunk(): boolean {
    return this.#tail === LAST_CHUNK;
  }

  /** Milliseconds since the client's last move. */
  get elapsedMs(): number {
    return Math.round(performance.now() - this.sinceMs);
  }

  /** Resolves with whether `condition` held within `waitMs`. */
  until(condition: () => boolean, waitMs: number): Promise<boolean> {
    return this.#changes.until(condition, waitMs);
  }

  #take(bytes: Buffer): void {
    this.receivedBytes += bytes.length;
    if (this.received.length < KEPT_BYTES_MAX) this.received += bytes.toString("latin1");
    const from = Math.max(bytes.length - LAST_CHUNK.length, 0);
    this.#tail = (this.#tail + bytes.toString("latin1", from)).slice(-LAST_CHUNK.length);
    this.#changes.tell();
  }

  #endedAs(end: StreamEnd): void {
    if (this.end !== "open") return;
    this.end = end;
    this.#changes.tell();
  }
}
