/**
 * Judges content codings, both ways: whether an answer may be coded as it is, and what it was
 * before; and whether anybody can read the body of a request. It knows codings and no framing.
 *
 * @module
 */

import { brotliDecompressSync, constants, gunzipSync } from "node:zlib";
import { fieldOf, type Received } from "./client.ts";
import type { Evidence } from "./evidence.ts";

/** What compression adds to a head. */
export const CODING_FIELDS: ReadonlySet<string> = new Set(["content-encoding", "vary"]);

/** A body, or what came of it, as the application made it. */
export function bodyAsMade(head: Pick<Received, "fields">, bytes: Uint8Array): Uint8Array {
  const coding = fieldOf(head, "content-encoding");
  if (coding === "" || bytes.length === 0) return bytes;
  if (coding === "br") return brotliDecompressSync(bytes, BROTLI_PART);
  return gunzipSync(bytes, GZIP_PART);
}

const GZIP_PART = { finishFlush: constants.Z_SYNC_FLUSH };
const BROTLI_PART = { finishFlush: constants.BROTLI_OPERATION_FLUSH };

/** True exactly when an answer may have a content coding, with all that follows from it. */
export function mayBeCoded(e: Evidence, index: number): boolean {
  const { does } = e.requests[index]!;
  return e.plan.compression !== null && (does.isText || does.via === "fetch");
}

/** A coded answer must be whole in its coding, too, and one that its client accepts. */
export function judgeCoding(e: Evidence, index: number): void {
  const answer = e.answers[index]!;
  const { accepts, version } = e.requests[index]!;
  const coding = fieldOf(answer, "content-encoding");
  // HEAD is told of the coding that GET would get.
  if (coding === "" || e.requests[index]!.method === "HEAD") return;
  const isAccepted = version === 1 && !accepts.includes("GZIP") &&
    (accepts === "*" || accepts.includes(coding));
  if (!isAccepted) e.fail(`answer ${index} has the coding ${coding}, which nobody accepts`);
  if (fieldOf(answer, "vary").toLowerCase() !== "accept-encoding") {
    e.fail(`answer ${index} is coded and does not vary`);
  }
  try {
    if (coding === "br") brotliDecompressSync(answer.body);
    else gunzipSync(answer.body);
  } catch (error) {
    e.fail(`answer ${index} ends in the middle of its coding: ${String(error)}`);
  }
}

/** True exactly when a body is in a coding that the server was not told of. */
export function isUnknownCoding(e: Evidence, index: number): boolean {
  const { requestCodings } = e.plan;
  const { coding = "", framing = "length" } = e.requests[index]!.body ?? {};
  if (coding === "" || requestCodings.length === 0) return false;
  const isThere = framing === "chunked" || e.span(index).bodyBytes > 0;
  return isThere && !requestCodings.includes(coding);
}
