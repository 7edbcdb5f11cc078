/**
 * What runs in a thread: it gets jobs, one at a time, imports the modules that they name, calls
 * the exports, and says how it went. It knows its port and the ring; the loop's side is
 * `thread_pool.ts`.
 *
 * @module
 */

import type { ThreadPort } from "../capabilities/threads.ts";
import { lineOfError, textOfError } from "../errors.ts";
import { Ring } from "./ring.ts";
import { ThreadStopped } from "./ring_writer.ts";
import type { FromThread, ThreadFailure, ToThread } from "./thread_messages.ts";
import { JobOutput, JobSide } from "./thread_output.ts";

/** The one export that a runtime's `Threads` asks of a module. */
export function startThread(port: ThreadPort): void {
  new ThreadMain(port).start();
}

type JobMessage = Extract<ToThread, { kind: "job" }>;

class ThreadMain {
  readonly #port: ThreadPort;
  #job = 0;
  #side: JobSide | null = null;

  constructor(port: ThreadPort) {
    this.#port = port;
  }

  start(): void {
    this.#port.listen((message) => this.#heard(message as ToThread));
    this.#port.onEnd?.(() => this.#side?.writer.close());
    this.#post({ kind: "ready" });
  }

  #heard(message: ToThread): void {
    if (message.kind === "job") this.#run(message);
    else if (message.job === this.#job) this.#side?.writer.credited();
  }

  async #run(message: JobMessage): Promise<void> {
    const { job } = message;
    const fromMs = this.#port.now();
    const side = new JobSide(new Ring(message.ring), this.#port, job, message.callsMax);
    this.#job = job;
    this.#side = side;
    let value: unknown = undefined;
    let failure: ThreadFailure | null = null;
    try {
      const run = await this.#find(message);
      if (message.style === "value") value = await run(...message.args, side);
      else await this.#runWithOutput(run, message.args, side);
    } catch (error) {
      failure = failureOf(error);
    }
    side.writer.close();
    const tookMs = this.#port.now() - fromMs;
    const over = { kind: "over", job, tookMs, waitedMs: side.writer.waitedMs } as const;
    try {
      this.#post({ ...over, value, failure });
    } catch (error) {
      // What cannot be copied: a function, say.
      this.#post({ ...over, value: undefined, failure: failureOf(error) });
    }
  }

  async #find(message: JobMessage): Promise<Run> {
    const found = (await this.#port.load(message.module))[message.name];
    if (typeof found === "function") return found as Run;
    throw new TypeError(`${message.module} exports no function "${message.name}"`);
  }

  async #runWithOutput(run: Run, args: readonly unknown[], side: JobSide): Promise<void> {
    const [request, ...rest] = args;
    const output = new JobOutput(side.writer);
    const answer = await run(request, output, ...rest, side);
    if (isIterator(answer)) await this.#drain(answer, output);
    else if (typeof answer === "string" || answer instanceof Uint8Array) await output.write(answer);
    else if (answer !== undefined && answer !== null) {
      throw new TypeError(`it answered ${typeof answer} instead of bytes, text or nothing`);
    }
    await output.finish();
  }

  /** A generator: it goes on when there was room for what it yielded. */
  async #drain(items: AnyIterator, output: JobOutput): Promise<void> {
    const canBlock = this.#port.wait !== null;
    let isDone = false;
    try {
      for (;;) {
        const { done, value } = await items.next();
        isDone = done === true;
        if (isDone) return;
        if (typeof value !== "string" && !(value instanceof Uint8Array)) {
          throw new TypeError(`it yielded ${typeof value} instead of bytes or text`);
        }
        // Whoever yields has no business of its own meanwhile: to block is the quicker way.
        if (canBlock) output.writeSync(value);
        else await output.write(value);
      }
    } finally {
      if (!isDone) await items.return?.();
    }
  }

  #post(message: FromThread): void {
    this.#port.post(message);
  }
}

type Run = (...args: unknown[]) => unknown;

interface AnyIterator {
  next(): IteratorResult<unknown> | Promise<IteratorResult<unknown>>;
  return?(): unknown;
}

/** True exactly when `value` is what a generator function answers, sync or async. */
function isIterator(value: unknown): value is AnyIterator {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as Partial<AnyIterator>).next === "function" &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
}

/** In words that can be posted, whatever it is. */
function failureOf(error: unknown): ThreadFailure {
  const stopped = error instanceof ThreadStopped;
  const stack = textOfError(error);
  if (!(error instanceof Error)) {
    return { stopped, name: "Error", message: lineOfError(error), stack };
  }
  try {
    return { stopped, name: String(error.name), message: String(error.message), stack };
  } catch {
    return { stopped, name: "Error", message: lineOfError(error), stack };
  }
}
