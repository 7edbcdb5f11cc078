/**
 * The native handler of the case `hello`. It knows no server.
 *
 * @module
 */

import type { HttpRequest } from "../../core/http_request.ts";
import type { ResultCode } from "../../core/status.ts";
import { TEXT, TYPE } from "./hello.ts";

const HEADERS = { "content-type": TYPE };

export function hello(request: HttpRequest): ResultCode {
  return request.respond(200, HEADERS, TEXT);
}
