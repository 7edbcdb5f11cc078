/**
 * Takes what a server sends apart into answers, byte by byte as it comes, with the eyes of a client
 * that trusts nothing: whatever is not exactly HTTP/1.1 is a fault. It knows framing (RFC 9112 §6);
 * whether an answer is one to HEAD, which has no body, its caller says.
 *
 * @module
 */

export interface ReadAnswer {
  readonly status: number;
  readonly reason: string;
  /** Lower-case name and value, in wire order. */
  readonly fields: ReadonlyArray<readonly [string, string]>;
  readonly trailers: ReadonlyArray<readonly [string, string]>;
  readonly body: Uint8Array;
  /** How the body was delimited. */
  readonly framing: "none" | "length" | "chunked" | "close";
  /** Where its first byte is in all that came. */
  readonly startByte: number;
}

/** What a server must never send. */
export class BadAnswer extends Error {
  override name = "BadAnswer";
}

/**
 * Whether final answer `index` has no body whatever its fields say: one to HEAD. Asked when its
 * head is here.
 */
export type IsBodyless = (index: number, head: AnswerHead) => boolean;

export type AnswerHead = Pick<ReadAnswer, "status" | "reason" | "fields">;

const IN_HEAD = 0;
const IN_LENGTH = 1;
const IN_SIZE = 2;
const IN_CHUNK = 3;
const AT_CHUNK_END = 4;
const IN_TRAILERS = 5;
const UNTIL_CLOSE = 6;

const HEAD_BYTES_MAX = 256 * 1024;

export class AnswerReader {
  readonly #isBodyless: IsBodyless;
  readonly #onAnswer: (answer: ReadAnswer) => void;
  #state = IN_HEAD;
  /** The part of a head or of a line that is here. */
  #text = "";
  #left = 0;
  #finals = 0;
  #head: AnswerHead = NO_HEAD;
  #body: Uint8Array = new Uint8Array(0);
  #size = 0;
  #trailerLines: string[] = [];
  /** Bytes that came before the current call of `feed`. */
  #before = 0;
  #startByte = 0;

  /** `onAnswer` gets each answer, interim ones too, when its last byte is here. */
  constructor(isBodyless: IsBodyless, onAnswer: (answer: ReadAnswer) => void) {
    this.#isBodyless = isBodyless;
    this.#onAnswer = onAnswer;
  }

  /** Final answers so far. */
  get finals(): number {
    return this.#finals;
  }

  /** True exactly when some bytes of an answer are here, and not all. */
  get isInside(): boolean {
    return this.#state !== IN_HEAD || this.#text !== "";
  }

  /** The head of the answer whose body comes now; null when none does. */
  get insideHead(): AnswerHead | null {
    return this.#state === IN_HEAD ? null : this.#head;
  }

  /** The body that came so far, of an answer that is not complete. */
  get insideBody(): Uint8Array {
    return this.#body.subarray(0, this.#size);
  }

  /** @throws {BadAnswer} */
  feed(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      if (!this.isInside) this.#startByte = this.#before + at;
      at = this.#step(bytes, at);
    }
    this.#before += bytes.length;
  }

  /** The server has sent its FIN: the one end of a body that nothing else delimits. */
  end(): void {
    if (this.#state === UNTIL_CLOSE) this.#done("close", []);
  }

  #step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case IN_HEAD:
        return this.#collect(bytes, at, "\r\n\r\n", (text) => this.#headRead(text));
      case IN_SIZE:
        return this.#collect(bytes, at, "\r\n", (text) => this.#sizeRead(text));
      case IN_TRAILERS:
        return this.#collect(bytes, at, "\r\n", (text) => this.#trailerRead(text));
      case AT_CHUNK_END:
        return this.#collect(bytes, at, "\r\n", (text) => {
          if (text !== "\r\n") throw new BadAnswer("a chunk is longer than its size");
          this.#state = IN_SIZE;
        });
      default:
        return this.#bodyBytes(bytes, at);
    }
  }

  /** Takes bytes up to and with `end`, and hands the text over when it is whole. */
  #collect(bytes: Uint8Array, from: number, end: string, whole: (text: string) => void): number {
    for (let at = from; at < bytes.length; at++) {
      this.#text += String.fromCharCode(bytes[at]!);
      if (bytes[at] === LF && this.#text.endsWith(end)) {
        const text = this.#text;
        this.#text = "";
        whole(text);
        return at + 1;
      }
      if (this.#text.length > HEAD_BYTES_MAX) throw new BadAnswer("a head has no end");
    }
    return bytes.length;
  }

  #headRead(text: string): void {
    const [statusLine = "", ...lines] = text.slice(0, -4).split("\r\n");
    const match = /^HTTP\/1\.1 ([1-5][0-9][0-9]) ([\x20-\x7e]*)$/.exec(statusLine);
    if (match === null) throw new BadAnswer(`not a status line: ${JSON.stringify(statusLine)}`);
    const status = Number(match[1]);
    const fields = parseFields(lines);
    this.#head = { status, reason: match[2]!, fields };
    this.#size = 0;
    if (status < 200) {
      this.#tell("none", [], NO_BYTES);
      return;
    }
    this.#beginBody(this.#head);
  }

  #beginBody(head: AnswerHead): void {
    const { status, fields } = head;
    const codings = fields.filter(([name]) => name === "transfer-encoding");
    const lengths = fields.filter(([name]) => name === "content-length");
    if (codings.length + lengths.length > 1) throw new BadAnswer("an answer is framed twice");
    if (status === 204 || status === 304 || this.#isBodyless(this.#finals, head)) {
      this.#done("none", []);
    } else if (codings.length === 1) {
      if (codings[0]![1] !== "chunked") throw new BadAnswer("a coding that nobody asked for");
      this.#state = IN_SIZE;
    } else if (lengths.length === 1) {
      if (!/^(0|[1-9][0-9]*)$/.test(lengths[0]![1])) throw new BadAnswer("not a length");
      this.#left = Number(lengths[0]![1]);
      this.#state = IN_LENGTH;
      if (this.#left === 0) this.#done("length", []);
    } else {
      this.#state = UNTIL_CLOSE;
    }
  }

  #sizeRead(text: string): void {
    const line = text.slice(0, -2);
    if (!/^[0-9a-f]+$/.test(line)) throw new BadAnswer(`not a chunk size: ${JSON.stringify(line)}`);
    this.#left = Number.parseInt(line, 16);
    this.#state = this.#left === 0 ? IN_TRAILERS : IN_CHUNK;
  }

  #trailerRead(text: string): void {
    if (text !== "\r\n") {
      this.#trailerLines.push(text.slice(0, -2));
      return;
    }
    const trailers = parseFields(this.#trailerLines);
    this.#trailerLines = [];
    this.#done("chunked", trailers);
  }

  #bodyBytes(bytes: Uint8Array, at: number): number {
    const all = bytes.length - at;
    const count = this.#state === UNTIL_CLOSE ? all : Math.min(all, this.#left);
    this.#keep(bytes.subarray(at, at + count));
    if (this.#state !== UNTIL_CLOSE) this.#left -= count;
    if (this.#left === 0 && this.#state === IN_LENGTH) this.#done("length", []);
    else if (this.#left === 0 && this.#state === IN_CHUNK) this.#state = AT_CHUNK_END;
    return at + count;
  }

  #keep(bytes: Uint8Array): void {
    if (this.#size + bytes.length > this.#body.length) {
      const grown = new Uint8Array(Math.max(1024, 2 * (this.#size + bytes.length)));
      grown.set(this.#body.subarray(0, this.#size));
      this.#body = grown;
    }
    this.#body.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  #done(framing: ReadAnswer["framing"], trailers: ReadAnswer["trailers"]): void {
    const body = this.#body.slice(0, this.#size);
    this.#state = IN_HEAD;
    this.#size = 0;
    this.#finals++;
    this.#tell(framing, trailers, body);
  }

  #tell(framing: ReadAnswer["framing"], trailers: ReadAnswer["trailers"], body: Uint8Array): void {
    this.#onAnswer({ ...this.#head, trailers, body, framing, startByte: this.#startByte });
  }
}

function parseFields(lines: readonly string[]): Array<readonly [string, string]> {
  return lines.map((line) => {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([^\r\n]*)$/.exec(line);
    if (match === null) throw new BadAnswer(`not a field line: ${JSON.stringify(line)}`);
    return [match[1]!.toLowerCase(), match[2]!] as const;
  });
}

const NO_BYTES = new Uint8Array(0);
const NO_HEAD: AnswerHead = { status: 0, reason: "", fields: [] };
const LF = 0x0a;
