/**
 * Every way in which this layer refuses a request, in one table: the stable code, the status of the
 * answer, and one line that says what is wrong. It knows no bytes and no state.
 *
 * The table is the vocabulary of the access log and of the wire cases; a code once published keeps
 * its meaning.
 *
 * @module
 */

import { HttpError } from "../errors.ts";

const REFUSALS = {
  // The request line (RFC 9112 §3).
  "too-many-empty-lines": [400, "too many empty lines stand before the request line"],
  "bad-method": [400, "the method is not a token"],
  "method-too-long": [501, "the method is longer than any that is implemented"],
  "connect-not-implemented": [501, "CONNECT is not implemented"],
  "bad-target": [400, "the request target is empty or has a byte that no target may have"],
  "bad-target-form": [400, "the request target is neither a path, an http URL nor OPTIONS *"],
  // RFC 9110 §7.4: not what came over a connection without a certificate.
  "misdirected": [421, "the request target is an https URL, and the connection has no TLS"],
  "target-too-long": [414, "the request target is too long"],
  "bad-version": [400, "the request line does not end in HTTP/digit.digit"],
  "version-not-supported": [505, "the version is neither HTTP/1.0 nor HTTP/1.1"],
  // Lines (RFC 9112 §2.2, §5).
  "bare-lf": [400, "a line ends in LF without CR"],
  "bare-cr": [400, "a CR is not followed by LF"],
  "obs-fold": [400, "a line of the head begins with white space"],
  "bad-field-name": [400, "a field name is empty or not a token"],
  "space-before-colon": [400, "white space stands between a field name and its colon"],
  "control-in-value": [400, "a field value has a control character"],
  "head-too-large": [431, "the request head is too large"],
  "too-many-fields": [431, "the request head has too many fields"],
  // Host (RFC 9110 §7.2, RFC 9112 §3.2).
  "host-missing": [400, "an HTTP/1.1 request has no Host field"],
  "host-repeated": [400, "the request has more than one Host field"],
  "bad-host": [400, "the Host field is not a host with an optional port"],
  "bad-target-host": [400, "the request target has no valid host"],
  "host-differs": [400, "the request target and the Host field name different hosts"],
  // Framing (RFC 9112 §6).
  "bad-content-length": [400, "the Content-Length field is not a decimal number"],
  "content-length-repeated": [400, "the request has more than one Content-Length field"],
  "content-length-too-large": [413, "the Content-Length field is above 2^53 - 1"],
  "length-and-coding": [400, "the request has both Content-Length and Transfer-Encoding"],
  "bad-transfer-encoding": [400, "the Transfer-Encoding field is not a list of codings"],
  "coding-in-http10": [400, "an HTTP/1.0 request has a Transfer-Encoding field"],
  "chunked-not-last": [400, "the last transfer coding is not chunked"],
  "chunked-repeated": [400, "the chunked coding is applied more than once"],
  "coding-not-implemented": [501, "a transfer coding other than chunked is not implemented"],
  // Options.
  "bad-connection": [400, "the Connection field is not a list of tokens"],
  "expectation-failed": [417, "the Expect field asks for something other than 100-continue"],
  // Chunked bodies (RFC 9112 §7.1).
  "bad-chunk-size": [400, "a chunk does not begin with its size in hexadecimal digits"],
  "chunk-too-large": [413, "a chunk's size is above 2^53 - 1"],
  "bad-chunk-extension": [400, "a chunk extension is not a name with an optional value"],
  "bad-chunk-end": [400, "a chunk's data is not followed by CRLF"],
  "chunk-framing-too-large": [400, "chunk extensions and trailers are too large"],
  "forbidden-trailer": [400, "a trailer field belongs in the head"],
} as const satisfies Record<string, readonly [number, string]>;

/** A code of the table. */
export type RefusalCode = keyof typeof REFUSALS;

/** All codes, in the order of the table. */
export const REFUSAL_CODES: readonly RefusalCode[] = Object.keys(REFUSALS) as RefusalCode[];

/** The error for `code`: the peer's fault, with the status and the message of the table. */
export function refusal(code: RefusalCode): HttpError {
  const [status, message] = REFUSALS[code];
  return new HttpError(status, code, message);
}
