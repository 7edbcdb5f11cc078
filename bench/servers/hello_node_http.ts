/**
 * The native hello over `node:http`, in its quickest form: one head, and the body in the same
 * write.
 *
 * @module
 */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { announce, HOST, TEXT, TYPE } from "./hello.ts";

const HEADERS = { "content-type": TYPE, "content-length": TEXT.length };

const server = createServer((_request, response) => {
  response.writeHead(200, HEADERS);
  response.end(TEXT);
});

server.listen(0, HOST, () => announce((server.address() as AddressInfo).port));
