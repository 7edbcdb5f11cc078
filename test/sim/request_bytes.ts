/**
 * The bytes of a planned request, and where in them everything is: what a client writes, and what
 * the oracle counts with. It knows how requests are spelled; it knows nothing of answers.
 *
 * @module
 */

import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import type { BodyPlan, ClientPlan, RequestPlan } from "./plan.ts";

/** Where one request is in the bytes of its client. */
export interface RequestSpan {
  readonly start: number;
  /** Behind the final empty line of the head. */
  readonly headEnd: number;
  readonly end: number;
  /** How many bytes of a body are sent, without framing. */
  readonly bodyBytes: number;
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
    const body = request.body === null ? NO_BYTES : codedBody(request.body, clientIndex, i);
    const headEnd = add(latin1(headText(request, clientIndex, i, body.length)));
    const data: Array<readonly [number, number]> = [];
    if (request.body !== null) addBody(request.body, body, add, data);
    requests.push({ start, headEnd, end: size, bodyBytes: body.length, data });
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

/**
 * The bytes `from … to` of the body that a request has, and of that of its answer. Every fourth
 * request has bytes that nobody can compress.
 */
export function pattern(
  clientIndex: number,
  requestIndex: number,
  from: number,
  to: number,
): Uint8Array {
  if (requestIndex % 4 === 3) return SCATTERED.slice(from + clientIndex, to + clientIndex);
  const offset = (clientIndex * 31 + requestIndex * 17) % PERIOD;
  return PERIODIC.slice(from + offset, to + offset);
}

const PERIOD = 251;
/** More than the largest body, and an offset for each client. */
const TABLE_BYTES = 2_000_000;
/** 2 ** 32 over the golden ratio: multiples of it scatter. */
const GOLDEN = 0x9e3779b1;
const PERIODIC = Uint8Array.from({ length: TABLE_BYTES }, (_, i) => i * 7 % PERIOD);
const SCATTERED = Uint8Array.from({ length: TABLE_BYTES }, (_, i) => Math.imul(i, GOLDEN) >>> 24);

/** The bytes of a body as they are sent. */
function codedBody(body: BodyPlan, clientIndex: number, index: number): Uint8Array {
  const bytes = pattern(clientIndex, index, 0, body.bytes);
  if (body.coding === "") return bytes;
  const coded = CODERS[body.coding](bytes);
  return body.defect === "coding" ? coded.subarray(0, -1) : coded;
}

const QUICKLY = { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } };
const CODERS = {
  gzip: (bytes: Uint8Array): Uint8Array => gzipSync(bytes, { level: 1 }),
  deflate: (bytes: Uint8Array): Uint8Array => deflateSync(bytes, { level: 1 }),
  br: (bytes: Uint8Array): Uint8Array => brotliCompressSync(bytes, QUICKLY),
};
const NO_BYTES = new Uint8Array(0);

function headText(
  request: RequestPlan,
  clientIndex: number,
  index: number,
  bodyBytes: number,
): string {
  const { body } = request;
  const lines = [
    `${request.method} ${targetOf(clientIndex, index)} HTTP/1.${request.version}`,
    "Host: sim.test",
  ];
  if (request.connection !== "") lines.push(`Connection: ${request.connection}`);
  for (let i = 0; i < request.fields; i++) lines.push(`X-Field-${i}: ${"v".repeat(i * 3)}`);
  if (request.accepts !== "") lines.push(`Accept-Encoding: ${request.accepts}`);
  if (body?.expects === true) lines.push("Expect: 100-continue");
  if (body?.framing === "length") lines.push(`Content-Length: ${bodyBytes}`);
  if (body !== null && body.coding !== "") lines.push(`Content-Encoding: ${body.coding}`);
  if (body?.framing === "chunked") lines.push("Transfer-Encoding: chunked");
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function addBody(
  body: BodyPlan,
  bytes: Uint8Array,
  add: (bytes: Uint8Array) => number,
  data: Array<readonly [number, number]>,
): void {
  const addData = (from: number, to: number): void => {
    const end = add(bytes.subarray(from, to));
    data.push([end - (to - from), end]);
  };
  if (body.framing === "length") {
    addData(0, bytes.length);
    return;
  }
  for (let at = 0; at < bytes.length; at += body.chunkBytes) {
    const size = Math.min(body.chunkBytes, bytes.length - at);
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
