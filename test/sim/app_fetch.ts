/**
 * The fetch side of the simulated application: plain `Request` in, plain `Response` out, with
 * bodies of each kind. It knows the Fetch standard and the plan.
 *
 * @module
 */

import { fetchHandler } from "../../core/apps/fetch.ts";
import type { Connection } from "../../core/connection.ts";
import type { Handler } from "../../core/handlers.ts";
import { DECLINED } from "../../core/status.ts";
import type { SimApp } from "./app.ts";
import { headersOf } from "./app_answers.ts";
import { type Deed, Violation } from "./facts.ts";
import { pattern } from "./request_bytes.ts";

/** A handler for those requests of the plan that are meant for the fetch application. */
export function makeFetchHandler(app: SimApp): Handler {
  let current: Deed | null = null;
  const inner = fetchHandler({
    fetch(request, _env, context) {
      const deed = current!;
      const { answer, reads, style, waitMs } = deed.act;
      if (answer === "decline") context!.passThroughOnException();
      if (style === "promise" || reads !== "nothing" || waitMs > 0) {
        return answerLater(app, deed, request);
      }
      return answerNow(app, deed);
    },
  });
  return (request) => {
    if (app.actOf(request)?.via !== "fetch") return DECLINED;
    current = app.begin(request);
    return inner(request);
  };
}

async function answerLater(app: SimApp, deed: Deed, request: Request): Promise<Response> {
  const { answer, reads, waitMs } = deed.act;
  if (answer === "never") {
    await new Promise<void>((resolve) => app.never(resolve));
    return new Response(null);
  }
  try {
    if (reads === "all") deed.took(new Uint8Array(await request.arrayBuffer()));
    else if (reads === "slowly") await readSlowly(app, deed, request);
  } catch (error) {
    deed.bodyEnd = "failed";
    throw error;
  }
  if (reads !== "nothing") deed.bodyEnd = "whole";
  if (waitMs > 0) await app.sleep(waitMs);
  return await answerNow(app, deed);
}

async function readSlowly(app: SimApp, deed: Deed, request: Request): Promise<void> {
  if (request.body === null) return;
  let pieces = 0;
  for await (const bytes of request.body) {
    deed.took(bytes);
    if (++pieces % 3 === 0) await app.sleep(200);
  }
}

function answerNow(app: SimApp, deed: Deed): Response | Promise<Response> {
  const { act } = deed;
  deed.answeredMs = app.now();
  switch (act.answer) {
    case "decline":
    case "throw":
      deed.doneMs = app.now();
      throw new Error("planned");
    case "nonsense":
      deed.doneMs = app.now();
      return { status: 200 } as Response;
    case "never":
      return answerLater(app, deed, new Request("http://sim.test/"));
    default: {
      const init = { status: act.status, headers: headersOf(deed) };
      const body = bodyOf(app, deed);
      if (!(body instanceof ReadableStream)) deed.doneMs = app.now();
      return new Response(body, init);
    }
  }
}

function bodyOf(app: SimApp, deed: Deed): BodyInit | null {
  const { act, client, index } = deed;
  if (act.status === 204 || act.status === 304) return null;
  if (act.answer === "respond") {
    if (act.bytes === 0) return null;
    const bytes = pattern(client, index, 0, act.bytes);
    return bytes.every((byte) => byte < 0x80) ? String.fromCharCode(...bytes) : bytes as BodyInit;
  }
  return streamOf(app, deed) as unknown as BodyInit;
}

/** One piece for each pull, which must never come while the output says `AGAIN`. */
function streamOf(app: SimApp, deed: Deed): ReadableStream<Uint8Array> {
  const { act, client, index } = deed;
  const total = act.answer === "breaks" ? act.bytes >> 1 : act.bytes;
  let sent = 0;
  let isEmptied = false;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // The first one is held back until its turn ends, so it is asked for at once.
      if (sent > 0) checkReadiness(deed);
      if (act.stepMs > 0) await app.sleep(act.stepMs);
      if (sent >= total) {
        deed.doneMs = app.now();
        if (act.answer === "breaks") controller.error(new Error("planned, in the middle"));
        else controller.close();
        return;
      }
      // An empty chunk is nothing, and what comes behind it waits for room like everything else.
      if (!isEmptied && (client + index) % 4 === 0) {
        isEmptied = true;
        controller.enqueue(new Uint8Array(0));
        return;
      }
      isEmptied = false;
      const end = Math.min(total, sent + act.pieceBytes);
      controller.enqueue(pattern(client, index, sent, end));
      sent = end;
    },
    cancel() {
      deed.doneMs = app.now();
    },
  }, { highWaterMark: 0 });
}

/** @throws {Violation} when the output of a request has no room for more. */
export function checkReadiness(deed: Deed): void {
  const { exchange, service, terminated } = deed.request;
  const { output } = exchange as Connection;
  if (terminated || !output.blocked) return;
  if (output.chain.size() < service.limits.outputBytesReady) return;
  throw new Violation(`the stream of ${deed} was pulled while its output says AGAIN`);
}
