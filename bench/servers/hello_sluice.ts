/**
 * The native hello on Sluice.
 *
 * @module
 */

import type { HttpRequest } from "../../core/http_request.ts";
import type { ResultCode } from "../../core/status.ts";
import { TEXT, TYPE } from "./hello.ts";
import { serveSluice } from "./serve_sluice.ts";

const HEADERS = { "content-type": TYPE };

function hello(request: HttpRequest): ResultCode {
  return request.respond(200, HEADERS, TEXT);
}

await serveSluice(hello);
