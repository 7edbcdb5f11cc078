/**
 * A client of HTTP/1.1 for tests: requests in words or as raw text, answers taken apart, and all
 * that unpleasant clients do, by the in-memory clock. It knows how requests are spelled and how
 * answers are framed; it knows nothing of servers.
 *
 * @module
 */

import type { Address, Handle, Sockets, Streams } from "../../core/reactor.ts";
import { type AnswerHead, AnswerReader, type ReadAnswer } from "./answer_reader.ts";
import { MemoryClient } from "./client.ts";

/** What a client needs of the world that it is in. */
export interface ClientWorld extends Sockets, Streams {
  /** Calls `call` in `ms` milliseconds, in an event of its own. */
  after(ms: number, call: () => void): void;
  /** Lets `onData` of a handle bring at most `bytes` at a time. */
  readAtMost(handle: Handle, bytes: number): void;
  /** Runs the world until `condition` holds. */
  runUntil(condition: () => boolean, options?: { readonly withinMs?: number }): Promise<void>;
}

/** A request in words. */
export interface MemoryRequest {
  /** Default: `GET`, or `POST` with a body. */
  readonly method?: string;
  /** Fields beside `Host` and, with a body, `Content-Length`: as they are, in this order. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as UTF-8. Default: none. */
  readonly body?: string | Uint8Array;
  /** How far the clock may move until the answer is here. Default: an hour. */
  readonly withinMs?: number;
}

/** One answer: its head, and as much of its body as is here. */
export class MemoryAnswer {
  /** The status: 200 … 599. */
  readonly status: number;
  /** The words behind the status. */
  readonly reason: string;
  /** Lower-case name and value, in the order on the wire. */
  readonly fields: ReadonlyArray<readonly [string, string]>;
  /** The same, of the trailers. */
  readonly trailers: ReadonlyArray<readonly [string, string]>;
  /** The body, without its framing. */
  readonly bytes: Uint8Array;

  /** @internal */
  constructor(
    head: AnswerHead,
    bytes: Uint8Array,
    trailers: ReadonlyArray<readonly [string, string]>,
  ) {
    this.status = head.status;
    this.reason = head.reason;
    this.fields = head.fields;
    this.bytes = bytes;
    this.trailers = trailers;
  }

  /** The value of a field by its lower-case name, repeated ones joined by `, `; null without. */
  header(lowerCaseName: string): string | null {
    const values = this.fields.filter(([name]) => name === lowerCaseName).map(([, value]) => value);
    return values.length === 0 ? null : values.join(", ");
  }

  /** The body as UTF-8. */
  get text(): string {
    return new TextDecoder().decode(this.bytes);
  }

  /** The body as JSON. @throws {SyntaxError} when it is none. */
  json(): unknown {
    return JSON.parse(this.text);
  }
}

/** How far the clock moves for an answer, unless somebody says otherwise. */
const WITHIN_MS = 3_600_000;
/** How often a slow client does something. */
const TICK_MS = 100;

/**
 * One connection to a server, which it closes when the server has. Everything of `MemoryClient`
 * works here too: `write` sends raw text, `end` half-closes, `close` and `reset` leave,
 * `pauseReading` takes nothing in.
 */
export class MemoryHttpClient extends MemoryClient {
  /** All final answers so far, in order. */
  readonly answers: MemoryAnswer[] = [];
  /** Interim ones: `100 Continue`. */
  readonly interims: MemoryAnswer[] = [];
  readonly #world: ClientWorld;
  readonly #reader: AnswerReader;
  /** How many answers were asked for by `answer` and `request`. */
  #awaited = 0;
  /** The methods of the requests that were written, by their request lines. */
  readonly #methods: string[] = [];
  #line = "";
  #bytesPerTick = Infinity;
  /** Bytes of a slow reader that have come and that it has not had the time for. */
  #unreadBytes = 0;
  #isResting = false;
  #isPaused = false;

  /** Connects in an event; nothing happens before the world is run. @internal */
  constructor(world: ClientWorld, address: Address) {
    super(world, address);
    this.#world = world;
    this.#reader = new AnswerReader(
      (index) => this.#methods[index] === "HEAD",
      (answer) => this.#answered(answer),
    );
  }

  /** Writes a GET request and runs the world until its answer is here. */
  get(target: string, request: Omit<MemoryRequest, "method"> = {}): Promise<MemoryAnswer> {
    return this.request(target, { ...request, method: "GET" });
  }

  /** Writes a POST request with a body and runs the world until its answer is here. */
  post(
    target: string,
    body: string | Uint8Array,
    request: Omit<MemoryRequest, "method" | "body"> = {},
  ): Promise<MemoryAnswer> {
    return this.request(target, { ...request, method: "POST", body });
  }

  /**
   * Writes a request and runs the world until its answer is here, complete. The clock moves where
   * nothing else happens. Answers come in the order of the requests, also where several are asked
   * for at once: that is a pipeline.
   *
   * Rejects when the connection ends first, or `withinMs` go by.
   */
  request(target: string, request: MemoryRequest = {}): Promise<MemoryAnswer> {
    this.write(formatRequest(target, request));
    if (request.body !== undefined) this.write(request.body);
    return this.answer(request);
  }

  /**
   * Runs the world until the next answer is here that nobody has waited for yet. For requests that
   * were written as raw text.
   */
  async answer(options: Pick<MemoryRequest, "withinMs"> = {}): Promise<MemoryAnswer> {
    const index = this.#awaited++;
    const { withinMs = WITHIN_MS } = options;
    await this.#world.runUntil(() => this.answers.length > index || this.#isOver, { withinMs });
    const answer = this.answers[index];
    if (answer !== undefined) return answer;
    const rest = this.arriving === null ? "" : `, in the middle of a ${this.arriving.status}`;
    throw new Error(`answer ${index} did not come: the connection ended first${rest}`);
  }

  /** The answer whose body comes now, as far as it is here; null when none does. */
  get arriving(): MemoryAnswer | null {
    const head = this.#reader.insideHead;
    return head === null ? null : new MemoryAnswer(head, this.#reader.insideBody.slice(), []);
  }

  override write(data: string | Uint8Array): this {
    this.#noteMethods(data);
    return super.write(data);
  }

  /**
   * Writes at `bytesPerSecond`: a little every 100 ms, and a byte at a time below ten. What is
   * written meanwhile gets in between.
   */
  writeSlowly(data: string | Uint8Array, bytesPerSecond: number): this {
    checkRate(bytesPerSecond);
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data.slice();
    const count = Math.max(1, Math.floor(bytesPerSecond * TICK_MS / 1000));
    const everyMs = count * 1000 / bytesPerSecond;
    let at = 0;
    const more = (): void => {
      if (this.closed !== null || this.hasEnded || at >= bytes.length) return;
      this.write(bytes.subarray(at, at + count));
      at += count;
      this.#world.after(everyMs, more);
    };
    more();
    return this;
  }

  /**
   * From now on takes in `bytesPerSecond` and no more, a little every 100 ms: the server's output
   * backs up. `Infinity` ends that.
   */
  readSlowly(bytesPerSecond: number): this {
    if (bytesPerSecond !== Infinity) checkRate(bytesPerSecond);
    this.#bytesPerTick = bytesPerSecond * TICK_MS / 1000;
    this.#world.readAtMost(this.handle, Math.max(1, Math.floor(this.#bytesPerTick)));
    return this;
  }

  override pauseReading(): this {
    this.#isPaused = true;
    return super.pauseReading();
  }

  override resumeReading(): this {
    this.#isPaused = false;
    return this.#isResting ? this : super.resumeReading();
  }

  /** Goes: closes both ways after what was written. `how` says otherwise. */
  disconnect(how: "close" | "half-close" | "reset" = "close"): this {
    if (how === "reset") return this.reset();
    return how === "close" ? this.close() : this.end();
  }

  protected override received(bytes: Uint8Array): void {
    this.#reader.feed(bytes);
    if (this.#bytesPerTick === Infinity) return;
    this.#unreadBytes += bytes.length;
    if (!this.#isResting) this.#rest();
  }

  /** Takes nothing in for as long as what it took in is worth. */
  #rest(): void {
    this.#isResting = true;
    super.pauseReading();
    const restMs = TICK_MS * this.#unreadBytes / this.#bytesPerTick;
    this.#unreadBytes = 0;
    this.#world.after(restMs, () => {
      this.#isResting = false;
      if (this.closed !== null) return;
      if (this.#unreadBytes > 0) this.#rest();
      else if (!this.#isPaused) super.resumeReading();
    });
  }

  protected override ended(): void {
    this.#reader.end();
    this.close();
  }

  get #isOver(): boolean {
    return this.closed !== null || this.hasEnded;
  }

  #answered(answer: ReadAnswer): void {
    const list = answer.status < 200 ? this.interims : this.answers;
    list.push(new MemoryAnswer(answer, answer.body, answer.trailers));
  }

  /** Whether an answer has a body depends on the method that was asked. */
  #noteMethods(data: string | Uint8Array): void {
    const text = typeof data === "string" ? data : latin1Of(data);
    for (const piece of (this.#line + text).split(/(?<=\n)/)) {
      this.#line = piece.endsWith("\n") ? "" : piece.slice(0, LINE_BYTES_MAX);
      const method = /^(\S+) \S+ HTTP\/1\.[01]\r?\n$/.exec(piece)?.[1];
      if (method !== undefined) this.#methods.push(method);
    }
  }
}

/** A line that is longer is no request line. */
const LINE_BYTES_MAX = 16 * 1024;

function formatRequest(target: string, request: MemoryRequest): string {
  const { body, headers = {}, method = body === undefined ? "GET" : "POST" } = request;
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!names.has("host")) lines.push("Host: memory.test");
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  const isFramed = names.has("content-length") || names.has("transfer-encoding");
  if (body !== undefined && !isFramed) lines.push(`Content-Length: ${sizeOf(body)}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function sizeOf(body: string | Uint8Array): number {
  return typeof body === "string" ? new TextEncoder().encode(body).length : body.length;
}

function latin1Of(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function checkRate(bytesPerSecond: number): void {
  if (bytesPerSecond > 0 && bytesPerSecond < Infinity) return;
  throw new RangeError(`bytesPerSecond must be more than 0, not ${bytesPerSecond}`);
}
