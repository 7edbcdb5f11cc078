/**
 * Web streams as something that can be waited for: a `ReadableStream`, a `WritableStream`, or an
 * object with one of each, as `TransformStream` and many sockets of libraries have them. It knows
 * the Streams standard and no platform.
 *
 * The stream is locked while it is adopted. A read that is under way is called back by releasing
 * the lock, and what would have come stays in the stream.
 *
 * @module
 */

import { AdoptError, type Pollable } from "../../../core/capabilities/polls.ts";
import { pollableOf } from "../../../core/work/ahead_pollable.ts";

interface Pair {
  readonly readable: ReadableStream | null;
  readonly writable: WritableStream | null;
}

/** Null for anything else. */
export function openWebStream(source: object): Pollable | null {
  if (isReadable(source)) return openPair({ readable: source, writable: null }, []);
  if (isWritable(source)) return openPair({ readable: null, writable: source }, []);
  const { readable, writable } = source as { readable?: unknown; writable?: unknown };
  if (!isReadable(readable) || !isWritable(writable)) return null;
  return openPair({ readable, writable }, [readable, writable]);
}

/** A pair whose halves have been told to be what they are. */
export function openPair({ readable, writable }: Pair, parts: readonly object[]): Pollable {
  if (readable?.locked || writable?.locked) {
    throw new AdoptError("owned", "the stream is locked: somebody has it already");
  }
  const reading = readable === null ? null : readingOf(readable);
  const writing = writable === null ? null : writingOf(writable);
  return pollableOf({
    ...reading,
    ...writing,
    close() {
      reading?.close();
      writing?.close();
    },
    parts,
  });
}

/** The reading half, which locks the stream. */
export function readingOf(readable: ReadableStream) {
  const reader = readable.getReader();
  // A stream that fails rejects this, whether somebody asks or not.
  reader.closed.catch(ignore);
  return {
    read: async () => {
      const { done, value } = await reader.read();
      return done ? null : { value: value as unknown };
    },
    recall: () => reader.releaseLock(),
    close: () => {
      reader.cancel().catch(ignore);
    },
  };
}

function writingOf(writable: WritableStream) {
  const writer = writable.getWriter();
  let isEnded = false;
  const ended = () => {
    isEnded = true;
  };
  writer.closed.then(ended, ended);
  return {
    write: async (bytes: Uint8Array) => {
      await writer.ready;
      await writer.write(bytes);
    },
    isEnded: () => isEnded,
    release: () => writer.releaseLock(),
    close: () => {
      writer.close().catch(ignore);
    },
  };
}

export function isReadable(value: unknown): value is ReadableStream {
  return typeof (value as ReadableStream | null)?.getReader === "function";
}

export function isWritable(value: unknown): value is WritableStream {
  return typeof (value as WritableStream | null)?.getWriter === "function";
}

function ignore(): void {}
