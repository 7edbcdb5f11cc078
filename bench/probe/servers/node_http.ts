/**
 * The probed application in the terms of `node:http`, with its defaults.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { announce, HOST } from "../../servers/hello.ts";
import { answerOf, PIECE_BYTES, report, STREAM_BYTES, waitAsked } from "./app.ts";

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://probe");
  const id = url.searchParams.get("id") ?? "";
  if (url.pathname === "/stream") {
    stream(response, id);
    return;
  }
  if (url.pathname === "/late" || url.pathname === "/body") {
    report("begin", id);
    request.signal.addEventListener("abort", () => report("abort", id));
    if (url.pathname === "/body") await text(request);
    await waitAsked(url);
    report("answer", id);
  }
  response.end(answerOf(id));
}

/** Writes until `write` answers false, and again after each `drain`. */
function stream(response: ServerResponse, id: string): void {
  let left = STREAM_BYTES;
  const more = () => {
    while (left > 0) {
      left -= PIECE_BYTES;
      if (!response.write(new Uint8Array(PIECE_BYTES).fill(0x78))) return;
    }
    response.end();
  };
  response.on("drain", more);
  response.on("close", () => {
    if (!response.writableFinished) report("cancel", id);
  });
  more();
}

const server = createServer((request, response) => {
  // A body that breaks off rejects; nobody is left to be told.
  answer(request, response).catch(() => response.destroy());
});
server.listen(0, HOST, () => announce((server.address() as AddressInfo).port));
