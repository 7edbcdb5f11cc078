/**
 * A server and its raw clients on one column's reactor: what each check of `checkServer` works
 * with. Clients speak bytes over `connect` of the same reactor, so that nothing of a platform's own
 * HTTP client stands between a check and the wire.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Buf, bufOf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import type { Address, CloseReason, Handle, StreamEvents } from "../../../core/reactor.ts";
import { Server, type ServerOptions } from "../../../core/server.ts";
import type { ColumnRig } from "../rig.ts";
import { type Answer, parseAnswers } from "./answers.ts";

/** A text of Latin-1 as bytes. */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Bytes as a text of Latin-1, one character for each. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

export class RawClient implements StreamEvents {
  readonly bench: ServerBench;
  readonly handle: Handle;
  /** All bytes so far, as Latin-1; not kept unless `keeps`. */
  received = "";
  /** How many bytes came so far. */
  receivedBytes = 0;
  /** Called with each piece, before it is kept. */
  onBytes: ((bytes: Uint8Array) => void) | null = null;
  keeps = true;
  isOpen = false;
  /** The server half-closed. */
  ended = false;
  closed: CloseReason | null = null;
  /** The methods that were asked, for reading the answers. */
  methods: string[] = [];
  #waiting = new Chain();
  #blocked = true;
  #finAsked = false;

  constructor(bench: ServerBench, address: Address) {
    this.bench = bench;
    this.handle = bench.rig.reactor.connect(address, this);
  }

  /** Sends text of Latin-1, or bytes, as soon as the connection takes them. */
  send(data: string | Uint8Array): this {
    const bytes = typeof data === "string" ? bytesOf(data) : data;
    if (bytes.length > 0) this.#waiting.append(bufOf(bytes));
    this.#push();
    return this;
  }

  /** Sends a request without a body, with a Host. */
  request(method: string, target: string, ...fields: string[]): this {
    this.methods.push(method);
    const lines = [`${method} ${target} HTTP/1.1`, "Host: test", ...fields, "", ""];
    return this.send(lines.join("\r\n"));
  }

  /** Sends a request with a body of declared length. */
  post(target: string, body: string, ...fields: string[]): this {
    return this.request("POST", target, `Content-Length: ${body.length}`, ...fields).send(body);
  }

  /** Half-closes after all that was sent. */
  fin(): this {
    this.#finAsked = true;
    this.#push();
    return this;
  }

  /** Leaves with a reset where the platform can. */
  reset(): void {
    this.bench.rig.reactor.abort(this.handle);
  }

  stopReading(): void {
    this.bench.rig.reactor.readStop(this.handle);
  }

  goOnReading(): void {
    this.bench.rig.reactor.readStart(this.handle);
  }

  /** The whole answers so far. */
  get answers(): readonly Answer[] {
    const ended = this.ended || this.closed !== null;
    return parseAnswers(this.received, this.methods, ended).answers;
  }

  /** Waits until `count` whole answers are here. */
  async waitAnswers(count: number): Promise<readonly Answer[]> {
    const enough = () => this.answers.length >= count || this.closed !== null;
    await this.bench.settle(enough, `${count} answers; so far: ${this.received.slice(0, 400)}`);
    const { answers } = this;
    assertEquals(answers.length >= count, true, `closed before ${count} answers: ${this.received}`);
    return answers;
  }

  /** Waits for the end of the connection; then every byte must belong to a whole answer. */
  async waitClosed(of = "the connection"): Promise<readonly Answer[]> {
    await this.bench.settle(() => this.ended || this.closed !== null, `the end of ${of}`);
    const parsed = parseAnswers(this.received, this.methods, true);
    assertEquals(parsed.rest, "", "bytes behind the last whole answer");
    return parsed.answers;
  }

  #push(): void {
    if (this.#blocked || this.closed !== null) return;
    const { reactor } = this.bench.rig;
    if (!this.#waiting.isEmpty) {
      const code = reactor.send(this.handle, this.#waiting);
      if (code < 0) this.#blocked = true;
    }
    if (this.#finAsked && this.#waiting.isEmpty) {
      this.#finAsked = false;
      reactor.shutdown(this.handle);
    }
  }

  // Events.

  onOpen(): void {
    this.isOpen = true;
    this.#blocked = false;
    this.#push();
  }

  onData(_handle: Handle, bytes: Uint8Array): void {
    this.receivedBytes += bytes.length;
    this.onBytes?.(bytes);
    if (this.keeps) this.received += textOf(bytes);
  }

  onWritable(): void {
    this.#blocked = false;
    this.#push();
  }

  onRelease(_handle: Handle, buf: Buf): void {
    buf.state = 0;
  }

  onEnd(): void {
    this.ended = true;
  }

  onClose(_handle: Handle, reason: CloseReason): void {
    this.closed = reason;
    this.#waiting.drop();
  }
}

export class ServerBench {
  readonly rig: ColumnRig;
  server!: Server;
  address!: Address;
  /** What the server logged: level and text. */
  readonly logs: string[] = [];
  readonly #clients: RawClient[] = [];

  constructor(rig: ColumnRig) {
    this.rig = rig;
  }

  /** More than all buffers between the server and a client hold, several times over. */
  get bulkBytes(): number {
    return this.rig.bulkBytes ?? 24 << 20;
  }

  /** Starts the server. Its log is kept in `logs` instead of going out. */
  async serve(options: ServerOptions): Promise<Server> {
    // A busy machine is late by itself: only a check of overload wants an answer to that.
    const base = this.rig.timeIsReal === false ? {} : { loopLagMaxMs: Infinity };
    const limits = { ...base, ...options.limits };
    this.server = new Server(this.rig.reactor, { ...options, limits });
    this.server.log = (level, text) => void this.logs.push(`${level} ${text}`);
    const listener = await this.server.listen(this.rig.address);
    this.address = listener.address;
    return this.server;
  }

  connect(address: Address = this.address): RawClient {
    const client = new RawClient(this, address);
    this.#clients.push(client);
    return client;
  }

  settle(condition: () => boolean, what: string): Promise<void> {
    return this.rig.settle(condition, what);
  }

  /**
   * Lets whatever is under way come to rest: one request and its answer on a connection of its own.
   */
  async rest(): Promise<void> {
    const client = this.connect();
    await this.settle(() => client.isOpen || client.closed !== null, "a connection");
    this.rig.reactor.close(client.handle);
    await this.settle(() => client.closed !== null, "the end of a connection");
  }

  /** Ends everything, and checks that nothing is left. */
  async end(): Promise<void> {
    if (this.server === undefined) return;
    for (const client of this.#clients) {
      if (client.closed === null) this.rig.reactor.close(client.handle);
    }
    const closing = this.server.close({ deadlineMs: 1_000 });
    let report: Awaited<typeof closing> | null = null;
    closing.then((value) => report = value);
    await this.settle(() => report !== null, "the server's close");
    await this.settle(
      () => this.server.inspect().connections === 0 && this.server.inspect().buffersOut === 0,
      "the last connection and buffer",
    );
    const { connections, requests, buffersOut, bytes, load, waiting } = this.server.inspect();
    const left = { connections, requests, buffersOut, bytes, open: load.requests, waiting };
    assertEquals(left, NOTHING_LEFT, "something is left open");
  }
}

const NOTHING_LEFT = {
  connections: 0,
  requests: [],
  buffersOut: 0,
  bytes: { input: 0, bodies: 0, output: 0, lent: 0, codecs: 0 },
  open: 0,
  waiting: { suspended: 0, handles: 0, watches: 0 },
};
