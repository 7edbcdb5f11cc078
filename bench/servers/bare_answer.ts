/**
 * What the three bare servers answer: the bytes of the hello, made once. They read no request, and
 * so show what the sockets of a runtime cost whoever serves on them.
 *
 * @module
 */

import { TEXT, TYPE } from "./hello.ts";

const HEAD = [
  "HTTP/1.1 200 OK",
  `content-type: ${TYPE}`,
  `Date: ${new Date().toUTCString()}`,
  `Content-Length: ${TEXT.length}`,
];

export const ANSWER = new TextEncoder().encode(`${HEAD.join("\r\n")}\r\n\r\n${TEXT}`);
