/**
 * A `FileHandle` of `node:fs/promises`, which Deno and Bun have as well, as something that can be
 * waited for. A file is always ready, once its bytes are here: they are read ahead by the
 * platform's pool of threads. It knows files, and refuses what is none.
 *
 * @module
 */

import { fstatSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { AdoptError, type Pollable } from "../../../core/capabilities/polls.ts";
import { pollableOf } from "../../../core/work/ahead_pollable.ts";
import { PREFETCH_BYTES } from "../../../core/work/prefetch.ts";
import { FIFO_READ_BY_THREADS } from "./node_stream.ts";

/** Null for anything else. */
export function openFileHandle(source: object): Pollable | null {
  if (!isFileHandle(source)) return null;
  if (!fstatSync(source.fd).isFile()) throw new AdoptError("unsuited", FIFO_READ_BY_THREADS);
  return pollableOf({
    async read() {
      const bytes = new Uint8Array(PREFETCH_BYTES);
      const { bytesRead } = await source.read(bytes, 0, bytes.length, null);
      return bytesRead === 0 ? null : { value: bytes.subarray(0, bytesRead) };
    },
    async write(bytes) {
      let at = 0;
      while (at < bytes.length) at += (await source.write(bytes, at)).bytesWritten;
    },
    close() {
      source.close().catch(() => {});
    },
  });
}

function isFileHandle(source: object): source is FileHandle {
  const { fd, read, datasync, close } = source as Partial<FileHandle>;
  return typeof fd === "number" && typeof read === "function" && typeof close === "function" &&
    typeof datasync === "function";
}
