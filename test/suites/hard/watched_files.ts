/**
 * Files that are counted: how many are open, how often each was closed, how much was written. They
 * can run out of room, keep nothing of what they are given, and lose a close. They know the
 * contract of files, and no disk.
 *
 * @module
 */

import { readdirSync, readlinkSync } from "node:fs";
import { FileError, type Files, type OpenFile } from "../../../core/capabilities/files.ts";
import type { Server } from "../../../core/server.ts";

export class WatchedFiles implements Files {
  /** Files that are open or closed, and those that are about to be opened. */
  opened = 0;
  /** Files that are closed, by the disk's word. */
  closed = 0;
  /** Bytes that were written. */
  written = 0;
  /** How many more bytes there is room for. */
  roomBytes = Infinity;
  /** True exactly when nothing is kept: the disk takes no memory. */
  isBottomless = false;
  /** True exactly when a close is lost on its way. */
  losesCloses = false;
  /** Closes that were lost. */
  lost = 0;
  readonly #files: Files;
  readonly #open = new Set<OpenFile>();

  constructor(files: Files) {
    this.#files = files;
  }

  /** Puts itself between a server and its runtime's files. */
  static under(server: Server): WatchedFiles {
    const watched = new WatchedFiles(server.files);
    (server as { files: Files }).files = watched;
    return watched;
  }

  open(path: string): Promise<OpenFile> {
    return this.#opening(this.#files.open(path));
  }

  openTemporary(directory: string | null): Promise<OpenFile> {
    return this.#opening(this.#files.openTemporary(directory));
  }

  async #opening(opening: Promise<OpenFile>): Promise<OpenFile> {
    this.opened++;
    try {
      return this.#watch(await opening);
    } catch (error) {
      this.opened--;
      throw error;
    }
  }

  /** Closes what was lost. */
  async closeAll(): Promise<void> {
    for (const file of this.#open) await file.close();
  }

  #watch(file: OpenFile): OpenFile {
    this.#open.add(file);
    let closing: Promise<void> | null = null;
    return {
      read: (at, into) => file.read(at, into),
      write: async (at, bytes) => {
        if (bytes.length > this.roomBytes) throw new FileError("full", "the disk has no room left");
        this.roomBytes -= bytes.length;
        if (this.isBottomless) await file.size();
        else await file.write(at, bytes);
        this.written += bytes.length;
      },
      size: () => file.size(),
      close: () => {
        if (this.losesCloses) {
          this.lost++;
          return Promise.resolve();
        }
        return closing ??= file.close().then(() => {
          this.closed++;
          this.#open.delete(file);
        });
      },
    };
  }
}

/** What of temporary files is left in a directory of a live column: names, and open descriptors. */
export function leftInDirectory(directory: string): string[] {
  const names = readdirSync(directory);
  let descriptors: string[] = [];
  try {
    descriptors = readdirSync("/proc/self/fd");
  } catch {
    // Not Linux: the count of closes has to do.
  }
  return [...names, ...descriptors.map(linkOf).filter((path) => path.startsWith(directory))];
}

function linkOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    // The listing itself was one of them, and is closed by now.
    return "";
  }
}
