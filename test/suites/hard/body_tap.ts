/**
 * Reads one answer as it comes, without keeping it: its head, and then its body, by length or in
 * chunks, piece by piece into a sink. It trusts nothing, and knows one answer on one connection.
 *
 * @module
 */

const IN_HEAD = 0;
const IN_BODY = 1;
const IN_SIZE_LINE = 2;
const BEHIND_CHUNK = 3;
const DONE = 4;

export class BodyTap {
  /** The head's lines, once they are here. */
  head = "";
  /** Decoded body bytes so far. */
  bodyBytes = 0;
  readonly #sink: (bytes: Uint8Array) => void;
  #state:
    | typeof IN_HEAD
    | typeof IN_BODY
    | typeof IN_SIZE_LINE
    | typeof BEHIND_CHUNK
    | typeof DONE = IN_HEAD;
  #isChunked = false;
  /** Of the body, or of the chunk. */
  #left = 0;
  #line = "";

  constructor(sink: (bytes: Uint8Array) => void) {
    this.#sink = sink;
  }

  /** True exactly when the whole answer was read. */
  get isDone(): boolean {
    return this.#state === DONE;
  }

  take(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.#state === IN_BODY) {
        const end = Math.min(bytes.length, at + this.#left);
        this.#body(bytes.subarray(at, end));
        at = end;
      } else {
        this.#character(String.fromCharCode(bytes[at++]!));
      }
    }
  }

  #body(bytes: Uint8Array): void {
    this.bodyBytes += bytes.length;
    this.#left -= bytes.length;
    this.#sink(bytes);
    if (this.#left > 0) return;
    this.#line = "";
    this.#state = this.#isChunked ? BEHIND_CHUNK : DONE;
  }

  #character(character: string): void {
    if (this.#state === DONE) throw new Error("bytes came behind the answer");
    this.#line += character;
    if (this.#state === IN_HEAD) {
      if (this.#line.endsWith("\r\n\r\n")) this.#headRead();
    } else if (this.#state === BEHIND_CHUNK) {
      if (this.#line === "\r\n") this.#expectSize();
      else if (this.#line.length === 2) throw new Error("a chunk does not end where it should");
    } else if (this.#line.endsWith("\r\n")) {
      this.#sizeLineRead();
    }
  }

  #headRead(): void {
    this.head = this.#line;
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(this.head)?.[1];
    this.#isChunked = /\r\ntransfer-encoding: chunked\r\n/i.test(this.head);
    if (this.#isChunked === (length !== undefined)) throw new Error(`framed badly: ${this.head}`);
    if (this.#isChunked) {
      this.#expectSize();
      return;
    }
    this.#left = Number(length);
    this.#state = this.#left === 0 ? DONE : IN_BODY;
  }

  #expectSize(): void {
    this.#line = "";
    this.#state = IN_SIZE_LINE;
  }

  #sizeLineRead(): void {
    if (this.#line === "0\r\n") return;
    if (this.#line === "0\r\n\r\n") {
      this.#state = DONE;
      return;
    }
    if (!/^[0-9a-f]+\r\n$/i.test(this.#line)) throw new Error(`not a chunk size: ${this.#line}`);
    this.#left = Number.parseInt(this.#line, 16);
    this.#state = IN_BODY;
  }
}
