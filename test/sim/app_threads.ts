/**
 * The side of the simulated application that runs in threads: handlers that have answers made there
 * in each of the ways that there are, and the jobs that make them, well or badly. The threads are
 * simulated too, so a job finds its plan where the handler does.
 *
 * @module
 */

import { inThread, type ThreadRequest } from "../../core/apps/in_thread.ts";
import { statusHasNoBody } from "../../core/filters/head_only.ts";
import type { Handler } from "../../core/handlers.ts";
import type { Limits } from "../../core/limits.ts";
import { DECLINED, type ResultCode } from "../../core/status.ts";
import type { ThreadOutput, ThreadSide } from "../../core/work/thread_output.ts";
import type { SimApp } from "./app.ts";
import { headersOf, wholeBody } from "./app_answers.ts";
import type { Deed } from "./facts.ts";
import type { Act } from "./plan.ts";
import { pattern } from "./request_bytes.ts";

/** The module of the jobs, as the reactor knows it. */
export const JOBS = "sim:jobs";

/** True exactly when an answer is sent when it is whole. */
export function isBuffered({ style, via }: Act): boolean {
  return via === "thread" && style === "done";
}

/** A handler for those requests of the plan that are answered by a thread. */
export function makeThreadHandler(app: SimApp): Handler {
  const streamed = inThread(JOBS, "answer");
  const whole = inThread(JOBS, "answer", { buffered: true });
  return function inThreads(request) {
    const act = app.actOf(request);
    if (act?.via !== "thread") return DECLINED;
    const deed = app.begin(request);
    app.jobAsked(deed);
    if (act.answer === "decline") {
      deed.doneMs = app.now();
      return DECLINED;
    }
    if (act.style === "promise") return called(app, deed);
    return isBuffered(act) ? whole(request) : streamed(request);
  };
}

async function called(app: SimApp, deed: Deed): Promise<ResultCode> {
  const { act, request } = deed;
  if (act.reads !== "nothing") {
    deed.took(
      await request.body.bytes().catch((error) => {
        deed.bodyEnd = "failed";
        throw error;
      }),
    );
    deed.bodyEnd = "whole";
  }
  const calls = { heard: (index: number) => heard(app, deed, index) };
  const { target } = request;
  const made = await request.service.threads.callInThread(JOBS, "make", [{ target }], {
    request,
    calls,
  });
  deed.doneMs = app.now();
  return request.respond(act.status, headersOf(deed), made as Uint8Array);
}

/** The job has called the loop. */
function heard(app: SimApp, deed: Deed, index: number): void {
  const job = deed.job!;
  if (index !== job.heard) app.violate(`call ${job.heard} of ${deed} came as call ${index}`);
  job.heard++;
  const isLate = deed.request.terminated && job.endedMs === Infinity;
  if (isLate) app.violate(`${deed} is called by a thread, and was given up`);
}

/** What runs in threads, by name. */
export class SimJobs {
  readonly exports: Readonly<Record<string, unknown>> = {
    answer: (request: ThreadRequest, out: ThreadOutput, side: ThreadSide) =>
      this.#answer(request, out, side),
    make: (request: Pick<ThreadRequest, "target">, side: ThreadSide) => this.#make(request, side),
  };
  readonly #app: SimApp;

  constructor(app: SimApp) {
    this.#app = app;
  }

  #answer(request: ThreadRequest, out: ThreadOutput, side: ThreadSide): unknown {
    const deed = this.#deedOf(request);
    deed.took(request.body);
    deed.bodyEnd = "whole";
    const head = (): void => {
      const { act } = deed;
      const fields = headersOf(deed);
      const declares = act.declares || act.answer === "short" || act.answer === "long";
      if (declares) fields["content-length"] = String(act.bytes);
      out.head(act.status, fields);
      deed.answeredMs = this.#app.now();
      // Without a body to be sent this is all that is wanted.
      if (deed.request.isHead || statusHasNoBody(act.status)) deed.doneMs = deed.answeredMs;
    };
    if (deed.index % 3 === 1) return this.#yield(deed, head, side);
    return deed.act.answer === "respond" && deed.index % 3 === 2
      ? this.#whole(deed, head)
      : this.#write(deed, head, out, side);
  }

  async #make(request: Pick<ThreadRequest, "target">, side: ThreadSide): Promise<unknown> {
    const deed = this.#deedOf(request);
    const { act, client, index } = deed;
    await this.#waits(deed);
    let end = 0;
    for await (const piece of this.#pieces(deed, side)) {
      side.callFromThread("heard", deed.job!.told);
      deed.job!.told++;
      end += piece.length;
    }
    this.#ended(deed);
    return pattern(client, index, 0, Math.min(end, act.bytes));
  }

  async #whole(deed: Deed, head: () => void): Promise<Uint8Array | string | null> {
    await this.#waits(deed);
    head();
    this.#ended(deed);
    return wholeBody(deed);
  }

  async *#yield(deed: Deed, head: () => void, side: ThreadSide): AsyncGenerator<Uint8Array> {
    const job = deed.job!;
    job.begun++;
    try {
      await this.#waits(deed);
      head();
      for await (const piece of this.#pieces(deed, side)) {
        yield piece;
        this.#wrote(deed, piece);
      }
      this.#ended(deed);
    } finally {
      job.closed++;
    }
  }

  async #write(
    deed: Deed,
    head: () => void,
    out: ThreadOutput,
    side: ThreadSide,
  ): Promise<void> {
    await this.#waits(deed);
    head();
    let pieces = 0;
    for await (const piece of this.#pieces(deed, side)) {
      await out.write(piece);
      this.#wrote(deed, piece);
      if (++pieces % 5 === 0) await out.flush();
    }
    this.#ended(deed);
    if (deed.act.twice) this.#writeLate(deed, out);
  }

  async *#pieces(deed: Deed, side: ThreadSide): AsyncGenerator<Uint8Array> {
    const { act, client, index } = deed;
    const total = totalOf(act);
    if (act.answer === "throw") this.#fails(deed, "planned");
    for (let at = 0; at < total; at += act.pieceBytes) {
      if (at > 0) await this.#sleep(deed, act.stepMs);
      this.#checkWanted(deed, side);
      yield pattern(client, index, at, Math.min(total, at + act.pieceBytes));
    }
    if (act.answer === "breaks") this.#fails(deed, "planned, in the middle");
  }

  #fails(deed: Deed, text: string): never {
    deed.doneMs = this.#app.now();
    throw new Error(text);
  }

  async #waits(deed: Deed): Promise<void> {
    await this.#sleep(deed, deed.act.waitMs);
    if (deed.act.answer === "never") await this.#sleep(deed, Infinity);
  }

  /** Nothing is heard of the job meanwhile. */
  async #sleep(deed: Deed, ms: number): Promise<void> {
    if (ms === 0) return;
    const job = deed.job!;
    job.sleeps(this.#app.now());
    await new Promise<void>((resolve) => {
      if (ms < Infinity) this.#app.world.after(ms, resolve);
    });
    job.wakes(this.#app.now());
  }

  /** A request is over before its job only where the job was told. */
  #checkWanted(deed: Deed, side: ThreadSide): void {
    const { job, request } = deed;
    if (!request.over || side.isStopped || job!.lostMs < Infinity) return;
    this.#app.violate(`${deed} is over, and its job was not told`);
  }

  /** A thread is ahead of what left for its client by its window, and what a connection holds. */
  #wrote(deed: Deed, piece: Uint8Array): void {
    const job = deed.job!;
    job.bytes += piece.length;
    const { compression, limits } = this.#app.plan;
    if (isBuffered(deed.act) || compression !== null) return;
    const aheadBytes = job.bytes - this.#app.world.wentBytes(deed.request);
    const most = aheadBytesMax(limits);
    if (aheadBytes <= most) return;
    this.#app.violate(
      `the job of ${deed} is ${aheadBytes} bytes ahead, and at most ${most} is right`,
    );
  }

  /** The job is over, and its output must be. */
  #writeLate(deed: Deed, out: ThreadOutput): void {
    this.#app.world.after(LATE_MS, () => {
      out.write("late").then(
        () => void this.#app.blame(`the job of ${deed} could write behind its end`),
        () => {},
      );
    });
  }

  #ended(deed: Deed): void {
    deed.job!.endedMs = deed.doneMs = this.#app.now();
  }

  #deedOf({ target }: Pick<ThreadRequest, "target">): Deed {
    const [, , client, index] = target.split("/").map(Number);
    return this.#app.deedOf(client!, index!)!;
  }
}

function totalOf({ answer, bytes, style }: Act): number {
  if (answer === "breaks") return bytes >> 1;
  if (style !== "sync") return bytes;
  return answer === "short" ? bytes - 1 : answer === "long" ? bytes + 10 : bytes;
}

/** How far a job may be ahead: its window, what may be queued, and one entry on top of that. */
function aheadBytesMax({ outputBytesReady, threadWindowBytes }: Limits): number {
  return threadWindowBytes + outputBytesReady + ENTRY_BYTES + SLACK_BYTES;
}

const ENTRY_BYTES = 64 * 1024;
/** Heads, chunk lines, and a pooled buffer that gathers small things. */
const SLACK_BYTES = 20 * 1024;
/** Behind the end of a job another one has its ring. */
const LATE_MS = 100;
