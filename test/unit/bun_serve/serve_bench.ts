/**
 * What the checks of the runtime over `Bun.serve` share: a server with raw clients for each check,
 * and handlers that keep their requests. It knows no check.
 *
 * @module
 */

import { test } from "node:test";
import type { AbortCause } from "../../../core/errors.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE, OK, type ResultCode } from "../../../core/status.ts";
import { createBunServeReactor } from "../../../runtimes/bun_serve.ts";
import { liveRig } from "../../suites/rig.ts";
import { type RawClient, ServerBench } from "../../suites/server/bench.ts";

export const TEXT = { "content-type": "text/plain" };

export function newBench(): ServerBench {
  return new ServerBench(liveRig(createBunServeReactor(), false));
}

/** A test with a server of its own, which must leave nothing open. */
export function check(name: string, body: (bench: ServerBench) => Promise<void>): void {
  test(name, async () => {
    const bench = newBench();
    try {
      await body(bench);
    } finally {
      await bench.end();
    }
  });
}

/** Keeps the request under a hold that goes with its end. */
export function keep(request: HttpRequest): ResultCode {
  const hold = request.hold("kept by the test");
  request.onTerminated(() => hold.isOpen && hold.release());
  return DONE;
}

/** Finalizes a request that `keep` kept. */
export function letGo(request: HttpRequest): void {
  const { holds } = request;
  request.finalize();
  holds?.release();
}

export function endOf(bench: ServerBench, client: RawClient): Promise<void> {
  return bench.settle(() => client.closed !== null || client.ended, "the end");
}

/** A producer that never ends, and what it needs to be watched. */
export function endless(request: HttpRequest, causes: AbortCause[]): ResultCode {
  request.onAbort((cause) => causes.push(cause));
  request.onWritable = () => {
    while (request.send(new Uint8Array(50_000)) === OK);
  };
  const code = keep(request);
  request.sendHead(200, {});
  request.onWritable(request);
  return code;
}
