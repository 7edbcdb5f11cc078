/**
 * Applications that run in a thread: code that blocks, behind a handler. It knows what of a request
 * crosses into the thread, and the two ways of the answer back: streamed, or whole.
 *
 * @module
 */

import { finalizeRequest } from "../finalize.ts";
import { type Handler, handlerFailed } from "../handlers.ts";
import type { Hold } from "../hold.ts";
import type { HttpRequest } from "../http_request.ts";
import { NO_THREAD, refuseForLoad } from "../refuse.ts";
import type { Address } from "../reactor.ts";
import { DONE, type ResultCode } from "../status.ts";
import type { JobCall, LoopFunction } from "../thread_service.ts";
import { checkDeadline, urlOfModule } from "../work/call_job.ts";
import { ThreadAnswer } from "../work/thread_answer.ts";
import { WholeAnswer } from "../work/whole_answer.ts";

/** A request as a thread sees it: plain data. */
export interface ThreadRequest {
  /** An identifier that no other request of the server has. */
  readonly id: string;
  /** As sent: `GET`. */
  readonly method: string;
  /** As sent: a path with an optional query, mostly. */
  readonly target: string;
  /** The absolute URL. */
  readonly url: string;
  /** Name and value of each field, in order. Names as sent. */
  readonly headers: ReadonlyArray<readonly [string, string]>;
  /** The peer's address. */
  readonly remote: Address;
  /** The whole body, read before the thread had the request; empty without one. */
  readonly body: Uint8Array;
}

/** How a thread's answer is sent, and how long the thread may take. */
export interface InThreadOptions {
  /**
   * True: the blocking mode. The thread writes as fast as it can, the result is kept (in memory,
   * then in a file), and the loop sends it when it is whole, with its Content-Length: a slow client
   * never holds the thread. False: the answer is streamed, and the thread waits for the client.
   * Default: false.
   */
  readonly buffered?: boolean;
  /** How long the loop waits for the thread, in milliseconds. Default: `threadDeadlineMs`. */
  readonly deadlineMs?: number;
  /** Functions that the job may call with `callFromThread`, before those of `register`. */
  readonly calls?: Readonly<Record<string, LoopFunction>>;
}

/**
 * A handler that has each request answered by an export of `module`, in a thread of the server:
 *
 * ```ts ignore
 * export const report = inThread(new URL("./report.ts", import.meta.url), "render");
 * ```
 *
 * The export is called with a `ThreadRequest`, a `ThreadOutput` and a `ThreadSide`. It may be a
 * function that writes and returns, sync or async; one that returns the body as text or bytes; or a
 * generator of text or bytes, which goes on as the client takes them.
 *
 * - The queue for threads is full: 503.
 * - The export throws, or its thread dies: 500, or a reset when the head is out.
 * - It overruns its deadline: 503, or a reset; the thread is replaced.
 * - The client leaves: the next write throws `ThreadStopped`.
 *
 * @throws {TypeError} for what names no module, or no export, and for a deadline that is no time.
 */
export function inThread(
  module: URL | string,
  name: string,
  options: InThreadOptions = {},
): Handler {
  const url = urlOfModule(module, name);
  const { buffered = false, deadlineMs, calls = {} } = options;
  if (deadlineMs !== undefined) checkDeadline(deadlineMs);
  return function inThread(request: HttpRequest): ResultCode {
    const hold = request.hold(`${name} in a thread`);
    const call = (body: Uint8Array): JobCall => ({
      module: url,
      name,
      args: [factsOf(request, body)],
      style: "output",
      deadlineMs: deadlineMs ?? request.service.clocks.threadDeadlineMs,
      calls,
    });
    const { chunked, contentLength } = request.head;
    if (!chunked && contentLength <= 0) {
      start(request, hold, call(NO_BYTES), buffered);
      return DONE;
    }
    request.body.bytes().then(
      (body) => start(request, hold, call(body), buffered),
      (error) => {
        handlerFailed(request, error);
        hold.release();
      },
    );
    return DONE;
  };
}

function start(request: HttpRequest, hold: Hold, call: JobCall, buffered: boolean): void {
  if (request.terminated || request.finalized) {
    if (!request.finalized) finalizeRequest(request);
    hold.release();
    return;
  }
  const answer = buffered ? new WholeAnswer(request, hold) : new ThreadAnswer(request, hold);
  const job = request.service.threads.startJob(call, answer);
  if (job !== null) {
    answer.start(job);
    return;
  }
  refuseForLoad(request, NO_THREAD);
  hold.release();
}

function factsOf(request: HttpRequest, body: Uint8Array): ThreadRequest {
  const { id, method, target, url, remoteAddress } = request;
  const fields = request.head.fields();
  const headers: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) headers.push([fields[i]!, fields[i + 1]!]);
  return { id, method, target, url, headers, remote: remoteAddress, body };
}

const NO_BYTES = new Uint8Array(0);
