/**
 * What Bun can wait for: its sockets, files and children, and what it has of Node and of the web.
 * It knows Bun's calls, and nothing of who waits.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync } from "node:fs";
import {
  AdoptError,
  type OpenedPipe,
  type Pollable,
  type Polls,
} from "../../core/capabilities/polls.ts";
import { pollableOf, type PromisedSource } from "../../core/work/ahead_pollable.ts";
import { assertIsPipe, openCommon, pipeErrorOf } from "../common/polls/common_polls.ts";
import { FIFO_READ_BY_THREADS, isNoFile } from "../common/polls/node_stream.ts";
import { isReadable, openPair, readingOf } from "../common/polls/web_stream.ts";
import type { BunAdoptedSocket, BunFile, BunFileSink, BunPlatform } from "./platform.ts";
import { SocketPollable } from "./socket_pollable.ts";

export class BunPolls implements Polls {
  readonly #bun: BunPlatform;

  constructor(bun: BunPlatform) {
    this.#bun = bun;
  }

  open(source: object): Pollable | null {
    if (isSocket(source)) return openSocket(source);
    if (isFile(source)) return openFile(source);
    if (isFileSink(source)) return pollableOf(sinking(source));
    return openChild(source) ?? openCommon(source);
  }

  /**
   * A stream over the pipe waits in the loop's own poll. (A socket of `node:net` over it never
   * becomes readable, Bun 1.4.)
   */
  // deno-lint-ignore require-await -- what opening throws has to come out as a rejection
  async openPipe(path: string): Promise<OpenedPipe> {
    try {
      const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        assertIsPipe(path, fstatSync(pipe).isFIFO());
        const stream = this.#bun.file(pipe).stream();
        const source = closingStream(stream, () => closeSync(pipe));
        return { source, pollable: openPair({ readable: source, writable: null }, []) };
      } catch (error) {
        closeSync(pipe);
        throw error;
      }
    } catch (error) {
      throw pipeErrorOf(path, error);
    }
  }
}

/** The same stream; `close` is called when it has ended: Bun leaves what it was given open. */
function closingStream(stream: ReadableStream, close: () => void): ReadableStream {
  const reader = stream.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (!done) {
        controller.enqueue(value);
        return;
      }
      close();
      controller.close();
    },
    async cancel(reason) {
      await reader.cancel(reason).finally(close);
    },
  }, { highWaterMark: 0 });
}

function isSocket(source: object): source is BunAdoptedSocket {
  const { reload, terminate, write } = source as Partial<BunAdoptedSocket>;
  return typeof reload === "function" && typeof terminate === "function" &&
    typeof write === "function";
}

function openSocket(socket: BunAdoptedSocket): Pollable {
  if (socket.listener === undefined || socket.listener === null) return new SocketPollable(socket);
  throw new AdoptError("unsuited", SHARED_HANDLERS);
}

const SHARED_HANDLERS =
  "Bun keeps one set of handlers for all sockets of a listener, and adopting this one would take " +
  "them from the others: listen with node:net to adopt what it accepts";

function isFile(source: object): source is BunFile {
  const { stream, exists } = source as Partial<BunFile>;
  return typeof stream === "function" && typeof exists === "function";
}

function openFile(file: BunFile): Pollable {
  if (typeof file.name === "string" && isNoFile(file.name)) {
    throw new AdoptError("unsuited", FIFO_READ_BY_THREADS);
  }
  return openPair({ readable: file.stream(), writable: null }, []);
}

function isFileSink(source: object): source is BunFileSink {
  const { write, flush, end } = source as Partial<BunFileSink>;
  return typeof write === "function" && typeof flush === "function" && typeof end === "function";
}

/** `flush` settles when the kernel has all of it. A sink says nothing when nobody reads it. */
function sinking(sink: BunFileSink, over?: Promise<unknown>): PromisedSource {
  let isEnded = false;
  over?.then(() => {
    isEnded = true;
  });
  return {
    async write(bytes) {
      await Promise.all([sink.write(bytes), sink.flush()]);
    },
    isEnded: () => isEnded,
    close() {
      isEnded = true;
      Promise.resolve(sink.end()).catch(() => {});
    },
  };
}

/** `Bun.spawn`: `stdout` is a web stream, `stdin` a sink. */
function openChild(source: object): Pollable | null {
  const { stdout, stdin, exited } = source as {
    stdout?: unknown;
    stdin?: unknown;
    exited?: unknown;
  };
  if (!(exited instanceof Promise)) return null;
  const reads = isReadable(stdout) ? stdout : null;
  const writes = typeof stdin === "object" && stdin !== null && isFileSink(stdin) ? stdin : null;
  if (reads === null && writes === null) return null;
  if (reads?.locked) throw new AdoptError("owned", "somebody reads this child's output already");
  const reading = reads === null ? null : readingOf(reads);
  const writing = writes === null ? null : sinking(writes, exited);
  return pollableOf({
    ...reading,
    ...writing,
    close() {
      reading?.close();
      writing?.close?.();
    },
    parts: [reads, writes].filter((one) => one !== null),
  });
}
