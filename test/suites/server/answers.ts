/**
 * Takes the bytes that a server sent apart into answers, with the eyes of a client that trusts
 * nothing: every length must be right, every chunk whole, and nothing may be left over. It knows
 * the methods that were asked, since the answer to HEAD has no body.
 *
 * @module
 */

export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** Lower-case name and value, in wire order. */
  readonly fields: ReadonlyArray<readonly [string, string]>;
  /** The decoded body as Latin-1 text, one character for each byte. */
  readonly body: string;
  readonly trailers: ReadonlyArray<readonly [string, string]>;
  /** How the body was delimited. */
  readonly framing: "none" | "length" | "chunked" | "close";
}

export interface Parsed {
  readonly answers: readonly Answer[];
  /** What is behind the last whole answer. */
  readonly rest: string;
}

/**
 * All whole answers in `text`, a string of Latin-1. `methods` are those of the requests, in order.
 * `ended` says that the server closed, which is the only thing that ends a close-delimited body.
 */
export function parseAnswers(text: string, methods: readonly string[], ended: boolean): Parsed {
  const answers: Answer[] = [];
  let at = 0;
  let requests = 0;
  while (at < text.length) {
    const parsed = parseOne(text, at, methods[requests] ?? "GET", ended);
    if (parsed === null) break;
    answers.push(parsed.answer);
    at = parsed.end;
    if (parsed.answer.status >= 200) requests++;
  }
  return { answers, rest: text.slice(at) };
}

/** The value of a field of an answer; null when it is not there. */
export function fieldOf(answer: Answer, name: string): string | null {
  return answer.fields.find(([field]) => field === name)?.[1] ?? null;
}

function parseOne(
  text: string,
  at: number,
  method: string,
  ended: boolean,
): { answer: Answer; end: number } | null {
  const headEnd = text.indexOf("\r\n\r\n", at);
  if (headEnd < 0) return null;
  const [statusLine = "", ...lines] = text.slice(at, headEnd).split("\r\n");
  const match = /^HTTP\/1\.1 ([1-5][0-9][0-9]) ([\x20-\x7e]*)$/.exec(statusLine);
  if (match === null) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  const status = Number(match[1]);
  const fields = parseFields(lines);
  const head = { status, reason: match[2]!, fields, trailers: [] };
  const start = headEnd + 4;
  const bodyless = method === "HEAD" || status < 200 || status === 204 || status === 304;
  if (bodyless) return { answer: { ...head, body: "", framing: "none" }, end: start };
  const codings = fields.filter(([name]) => name === "transfer-encoding");
  const lengths = fields.filter(([name]) => name === "content-length");
  if (codings.length + lengths.length > 1) throw new Error("an answer is framed twice");
  if (codings.length === 1) {
    const chunked = parseChunked(text, start);
    if (chunked === null) return null;
    const { body, trailers } = chunked;
    return { answer: { ...head, body, trailers, framing: "chunked" }, end: chunked.end };
  }
  if (lengths.length === 1) {
    const end = start + Number(lengths[0]![1]);
    if (text.length < end) return null;
    return { answer: { ...head, body: text.slice(start, end), framing: "length" }, end };
  }
  if (!ended) return null;
  return { answer: { ...head, body: text.slice(start), framing: "close" }, end: text.length };
}

function parseChunked(text: string, start: number) {
  let body = "";
  let at = start;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return null;
    const line = text.slice(at, lineEnd);
    if (!/^[0-9a-fA-F]+$/.test(line)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    at = lineEnd + 2;
    if (size === 0) break;
    if (text.length < at + size + 2) return null;
    if (text.slice(at + size, at + size + 2) !== "\r\n") throw new Error("a chunk has no end");
    body += text.slice(at, at + size);
    at += size + 2;
  }
  if (text.startsWith("\r\n", at)) return { body, trailers: [], end: at + 2 };
  const end = text.indexOf("\r\n\r\n", at);
  if (end < 0) return null;
  return { body, trailers: parseFields(text.slice(at, end).split("\r\n")), end: end + 4 };
}

function parseFields(lines: readonly string[]): Array<readonly [string, string]> {
  return lines.map((line) => {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([^\r\n]*)$/.exec(line);
    if (match === null) throw new Error(`not a field line: ${JSON.stringify(line)}`);
    return [match[1]!.toLowerCase(), match[2]!] as const;
  });
}
