/**
 * The bytes of a planned request, and where in them everything is: what a client writes, and what
 * the oracle counts with. It knows how requests are spelled; it knows nothing of answers.
 *
 * @module
 */

import type { BodyPlan, ClientPlan, RequestPlan } from "./plan.ts";

/** Where one request is in the bytes of its client. */
export interface RequestSpan {
  readonly start: number;
  /** Behind the final empty line of the head. */
  readonly headEnd: number;
  readonly end: number;
  /** Where the bytes of its body are that are no framing: first and behind the last of each run. */
  readonly data: ReadonlyArray<readonly [number, number]>;
}

/** All that a client has to say. */
export interface Script {
  readonly bytes: Uint8Array;
  readonly requests: readonly RequestSpan[];
  /** Where the tail begins: the end without one. */
  readonly tailStart: number;
}

export function scriptOf(client: ClientPlan, clientIndex: number): Script {
  const parts: Uint8Array[] = [];
  const requests: RequestSpan[] = [];
  let size = 0;
  const add = (bytes: Uint8Array): number => {
    parts.push(bytes);
    size += bytes.length;
    return size;
  };
  for (const [i, request] of client.requests.entries()) {
    const start = size;
    const headEnd = add(latin1(headText(request, clientIndex, i)));
    const data: Array<readonly [number, number]> = [];
    if (request.body !== null) addBody(request.body, clientIndex, i, add, data);
    requests.push({ start, headEnd, end: size, data });
  }
  const tailStart = size;
  if (client.tail !== null) add(latin1(client.tail));
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { bytes, requests, tailStart };
}

/** The target by which the application finds the plan of a request. */
function targetOf(clientIndex: number, requestIndex: number): string {
  return `/sim/${clientIndex}/${requestIndex}`;
}

/** Byte `at` of the body that a request has, and of that of its answer. */
function patternByte(clientIndex: number, requestIndex: number, at: number): number {
  return (at * 7 + clientIndex * 31 + requestIndex * 17) % 251;
}

/** The bytes `from … to` of a pattern. */
export function pattern(
  clientIndex: number,
  requestIndex: number,
  from: number,
  to: number,
): Uint8Array {
  const bytes = new Uint8Array(to - from);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = patternByte(clientIndex, requestIndex, from + i);
  }
  return bytes;
}

function headText(request: RequestPlan, clientIndex: number, index: number): string {
  const { body } = request;
  const lines = [
    `${request.method} ${targetOf(clientIndex, index)} HTTP/1.${request.version}`,
    "Host: sim.test",
  ];
  if (request.connection !== "") lines.push(`Connection: ${request.connection}`);
  for (let i = 0; i < request.fields; i++) lines.push(`X-Field-${i}: ${"v".repeat(i * 3)}`);
  if (body?.expects === true) lines.push("Expect: 100-continue");
  if (body?.framing === "length") lines.push(`Content-Length: ${body.bytes}`);
  if (body?.framing === "chunked") lines.push("Transfer-Encoding: chunked");
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function addBody(
  body: BodyPlan,
  clientIndex: number,
  index: number,
  add: (bytes: Uint8Array) => number,
  data: Array<readonly [number, number]>,
): void {
  const addData = (from: number, to: number): void => {
    const end = add(pattern(clientIndex, index, from, to));
    data.push([end - (to - from), end]);
  };
  if (body.framing === "length") {
    addData(0, body.bytes);
    return;
  }
  for (let at = 0; at < body.bytes; at += body.chunkBytes) {
    const size = Math.min(body.chunkBytes, body.bytes - at);
    const extension = body.extensions && at < EXTENDED_BYTES ? `;n=${at};q="a b"` : "";
    add(latin1(`${size.toString(16)}${extension}\r\n`));
    addData(at, at + size);
    add(latin1("\r\n"));
  }
  if (body.defect === "size") {
    add(latin1("x\r\n"));
    return;
  }
  if (body.defect === "end") {
    add(latin1("1\r\nab"));
    return;
  }
  let text = "0\r\n";
  for (let i = 0; i < body.trailers; i++) text += `X-Trailer-${i}: t${i}\r\n`;
  if (body.defect === "trailer") text += "Content-Length: 1\r\n";
  add(latin1(`${text}\r\n`));
}

/** Chunks that begin up to here have extensions: far less than a server must accept. */
const EXTENDED_BYTES = 100;

function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
