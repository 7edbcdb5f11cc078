/**
 * What Deno can wait for: connections, open files, its own standard streams and children, and what
 * it has of Node and of the web. It knows Deno's calls, and nothing of who waits.
 *
 * Deno 2.9 reads pipes and terminals in a pool of threads: with 32 waiting reads, `stat` waits as
 * well. So it waits for a few of them and refuses the others.
 *
 * @module
 */

import { closeSync, constants, openSync, writeSync } from "node:fs";
import {
  AdoptError,
  type OpenedPipe,
  type Pollable,
  type Polls,
} from "../../core/capabilities/polls.ts";
import { pollableOf } from "../../core/work/ahead_pollable.ts";
import type { ReadPiece } from "../../core/work/prefetch.ts";
import { assertIsPipe, openCommon, pipeErrorOf } from "../common/polls/common_polls.ts";
import { isReadable, isWritable, openPair } from "../common/polls/web_stream.ts";
import type { DenoFile, DenoPlatform, DenoReader, DenoWriter } from "./platform.ts";
import { LARGE_BYTES, SMALL_BYTES } from "./read_buffers.ts";

/** How many handles may wait by a thread each, in the whole process. */
export const THREAD_WAITS_MAX = 8;

/** The process has one pool, however many reactors it has. */
let threadWaits = 0;

export class DenoPolls implements Polls {
  readonly #deno: DenoPlatform;

  constructor(deno: DenoPlatform) {
    this.#deno = deno;
  }

  open(source: object): Pollable | null {
    if (source instanceof this.#deno.FsFile) return openFile(source as DenoFile);
    if (source instanceof this.#deno.ChildProcess) return openChild(source);
    // These have web streams too, but what such a stream has read ahead `read` does not give.
    if ("localAddr" in source || "isTerminal" in source) return openReader(source);
    return openCommon(source);
  }

  async openPipe(path: string): Promise<OpenedPipe> {
    try {
      assertIsPipe(path, this.#deno.statSync(path).isFifo === true);
      // A read that was given up might take what belongs to this one.
      await Promise.all(ending);
      const pipe = new WaitingPipe(path, () => this.#deno.openSync(path, { read: true }));
      return { source: pipe.file, pollable: pipe.pollable };
    } catch (error) {
      throw pipeErrorOf(path, error);
    }
  }
}

/** Reads of closed pipes whose threads have not come back. */
const ending = new Set<Promise<void>>();

/**
 * A FIFO that is open for reading. A second descriptor, open for writing as well, makes opening
 * return at once, and a read wait instead of ending. It is closed at the first byte, so that the
 * end of the stream is seen.
 *
 * Closing a file in Deno does not end a read that waits in a thread: the thread would stay, and
 * take the next bytes that come. So a closed pipe writes itself a byte first.
 */
class WaitingPipe {
  readonly file: DenoFile;
  readonly pollable: Pollable;
  readonly #path: string;
  /** True exactly while the second descriptor is open. */
  #isKept = true;
  readonly #keeper: ReturnType<typeof openSync>;
  #reading: Promise<unknown> | null = null;

  constructor(path: string, open: () => DenoFile) {
    takeThread();
    this.#path = path;
    try {
      this.#keeper = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    } catch (error) {
      threadWaits--;
      throw error;
    }
    this.file = open();
    const read = reading(this.file);
    this.pollable = pollableOf({
      read: async () => {
        const piece = read();
        this.#reading = piece;
        try {
          return await piece;
        } finally {
          this.#reading = null;
          this.#letGo();
        }
      },
      release: () => {
        threadWaits--;
        this.#letGo();
      },
      close: () => this.#close(),
    });
  }

  #letGo(): void {
    if (this.#isKept) closeSync(this.#keeper);
    this.#isKept = false;
  }

  #close(): void {
    const over = () => {
      threadWaits--;
      this.#letGo();
      this.file.close();
    };
    if (this.#reading === null) return over();
    const end = this.#reading.then(over, over).finally(() => ending.delete(end));
    ending.add(end);
    this.#wake();
  }

  #wake(): void {
    const writer = this.#isKept
      ? this.#keeper
      : openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(writer, "\0");
    if (!this.#isKept) closeSync(writer);
  }
}

function takeThread(): void {
  if (threadWaits >= THREAD_WAITS_MAX) throw new AdoptError("too-many", TOO_MANY);
  threadWaits++;
}

function openFile(file: DenoFile): Pollable {
  if (!file.statSync().isFile) return openWaiting(file);
  return pollableOf({ read: reading(file), write: writing(file), close: () => file.close() });
}

/** A file whose reads wait in a thread. Closing does not end them: what comes next does. */
function openWaiting(file: DenoFile): Pollable {
  takeThread();
  return pollableOf({
    read: reading(file),
    write: writing(file),
    release() {
      threadWaits--;
    },
    close() {
      threadWaits--;
      file.close();
    },
  });
}

const TOO_MANY =
  `Deno waits for a pipe with a thread of a small pool, and ${THREAD_WAITS_MAX} wait already: ` +
  "close one of them first";

function openChild(child: object): Pollable | null {
  const { stdout, stdin } = child as { stdout?: unknown; stdin?: unknown };
  const readable = isReadable(stdout) ? stdout : null;
  const writable = isWritable(stdin) ? stdin : null;
  if (readable === null && writable === null) return null;
  return openPair({ readable, writable }, [readable, writable].filter((one) => one !== null));
}

/** `Deno.Conn`, `Deno.stdin`, `Deno.stdout`: whatever reads into, or writes from, memory. */
function openReader(source: object): Pollable | null {
  const { read, write, close } = source as Partial<DenoReader & DenoWriter & DenoFile>;
  if (typeof close !== "function") return null;
  return pollableOf({
    ...typeof read === "function" ? { read: reading(source as DenoReader) } : {},
    ...typeof write === "function" ? { write: writing(source as DenoWriter) } : {},
    close: () => (source as DenoFile).close(),
  });
}

/** A read that waits holds its memory: small until one filled it. */
function reading(source: DenoReader): ReadPiece {
  let size = SMALL_BYTES;
  return async () => {
    const bytes = new Uint8Array(size);
    const count = await source.read(bytes);
    if (count === null) return null;
    size = count === size ? LARGE_BYTES : SMALL_BYTES;
    return { value: bytes.subarray(0, count) };
  };
}

function writing(sink: DenoWriter): (bytes: Uint8Array) => Promise<void> {
  return async (bytes) => {
    let at = 0;
    while (at < bytes.length) at += await sink.write(bytes.subarray(at));
  };
}
