/**
 * What must hold of every request that reaches an application, so that nobody in front of or behind
 * the server can read another one out of the same bytes (RFC 9112 §11.2). Written against the RFCs,
 * with nothing of the parser in it.
 *
 * @module
 */

import type { HttpRequest } from "../../core/http_request.ts";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Throws for a request that could be read in two ways. `fields` are flat: name, value, … */
export function checkOnce(request: HttpRequest, fields: readonly string[]): void {
  const { method, target, versionMinor } = request;
  const values = (name: string): string[] =>
    fields.filter((_, i) => i % 2 === 1 && fields[i - 1]!.toLowerCase() === name);
  if (!TOKEN.test(method)) fail(`a method ${JSON.stringify(method)}`);
  // deno-lint-ignore no-control-regex -- these are what it is about
  if (!/^[^\x00-\x20\x7f#]+$/.test(target)) fail(`a target ${JSON.stringify(target)}`);
  for (let i = 0; i < fields.length; i += 2) {
    if (!TOKEN.test(fields[i]!)) fail(`a field name ${JSON.stringify(fields[i])}`);
    if (/[\r\n\0]/.test(fields[i + 1]!)) fail(`a value ${JSON.stringify(fields[i + 1])}`);
    if (/^[ \t]|[ \t]$/.test(fields[i + 1]!)) fail(`a value with blanks around it`);
  }
  const lengths = values("content-length");
  const codings = values("transfer-encoding");
  if (lengths.length > 1 || codings.length > 1) fail("two fields that frame");
  if (lengths.length + codings.length > 1) fail("a length and a coding");
  if (lengths.some((value) => !/^[0-9]+$/.test(value))) fail(`a length ${lengths[0]}`);
  if (codings.some((value) => value.toLowerCase() !== "chunked")) fail(`a coding ${codings[0]}`);
  if (codings.length > 0 && versionMinor === 0) fail("a coding in HTTP/1.0");
  const hosts = values("host");
  if (hosts.length > 1 || hosts.length === 0 && versionMinor === 1) fail(`${hosts.length} hosts`);
}

function fail(what: string): never {
  throw new Error(`the application was given ${what}`);
}
