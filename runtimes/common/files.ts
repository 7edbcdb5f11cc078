/**
 * Files over `node:fs`, which Node, Deno and Bun all have. It knows descriptors, and shows none.
 *
 * Deno 2.9 carries a read at an offset out as a seek and a read; and a descriptor that is closed
 * while a call uses it may be another file's by then. So each file has one call in flight at most.
 *
 * @module
 */

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  FileError,
  type FileErrorCode,
  type Files,
  type OpenFile,
} from "../../core/capabilities/files.ts";
import { codeOfError, messageOf } from "./platform_errors.ts";

/** The files of the process: they have no state of their own. */
export function createFiles(): Files {
  return files;
}

const { O_CREAT, O_EXCL, O_RDWR } = fs.constants;
const OWNER_ONLY = 0o600;

const files: Files = {
  async open(path: string): Promise<OpenFile> {
    const fd = await openAs(path, fs.constants.O_RDONLY);
    const file = new NativeFile(fd, path, null);
    try {
      if ((await statOf(fd, path)).isDirectory()) {
        throw new FileError("other", `${path} is a directory`);
      }
    } catch (error) {
      await file.close();
      throw error;
    }
    return file;
  },

  async openTemporary(directory: string | null): Promise<OpenFile> {
    const where = directory ?? tmpdir();
    const path = join(where, `sluice-${crypto.randomUUID()}`);
    const fd = await openAs(path, O_RDWR | O_CREAT | O_EXCL, where);
    // Windows keeps the name of a file that is open.
    const isNamed = await unlink(path).then(() => false, () => true);
    return new NativeFile(fd, where, isNamed ? path : null);
  },
};

/** `named` is what an error names. */
function openAs(path: string, flags: number, named = path): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, flags, OWNER_ONLY, (error, fd) => {
      if (error === null) resolve(fd);
      else reject(fileErrorOf(error, named));
    });
  });
}

function statOf(fd: number, named: string): Promise<fs.Stats> {
  return new Promise((resolve, reject) => {
    fs.fstat(fd, (error, stats) => {
      if (error === null) resolve(stats);
      else reject(fileErrorOf(error, named));
    });
  });
}

function unlink(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.unlink(path, (error) => error === null ? resolve() : reject(error));
  });
}

class NativeFile implements OpenFile {
  readonly #fd: number;
  /** What an error names. */
  readonly #named: string;
  /** What is to be removed when the file closes. */
  readonly #path: string | null;
  /** Settles when the last call that was made is over. Never rejects. */
  #before: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor(fd: number, named: string, path: string | null) {
    this.#fd = fd;
    this.#named = named;
    this.#path = path;
  }

  read(at: number, into: Uint8Array): Promise<number> {
    return this.#inTurn(async () => {
      let done = 0;
      while (done < into.length) {
        const count = await this.#readSome(at + done, into, done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  write(at: number, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      let done = 0;
      while (done < bytes.length) done += await this.#writeSome(at + done, bytes, done);
    });
  }

  size(): Promise<number> {
    return this.#inTurn(async () => (await statOf(this.#fd, this.#named)).size);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#before.then(() => this.#close());
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed !== null) return Promise.reject(new TypeError("the file is closed"));
    const result = this.#before.then(call);
    this.#before = result.catch(ignore);
    return result;
  }

  #readSome(at: number, into: Uint8Array, from: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, into, from, into.length - from, at, (error, count) => {
        if (error === null) resolve(count);
        else reject(fileErrorOf(error, this.#named));
      });
    });
  }

  #writeSome(at: number, bytes: Uint8Array, from: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.write(this.#fd, bytes, from, bytes.length - from, at, (error, count) => {
        if (error === null) resolve(count);
        else reject(fileErrorOf(error, this.#named));
      });
    });
  }

  async #close(): Promise<void> {
    await new Promise<void>((resolve) => fs.close(this.#fd, () => resolve()));
    if (this.#path !== null) await unlink(this.#path).catch(ignore);
  }
}

function ignore(): void {}

function fileErrorOf(error: unknown, named: string): FileError {
  const code = fileCodeOf(error);
  return new FileError(code, `${named} ${WORDS[code](error)}`);
}

const WORDS: Record<FileErrorCode, (error: unknown) => string> = {
  missing: () => "does not exist",
  denied: () => "may not be used: permission denied",
  full: () => "has no room left",
  busy: () => "cannot be opened: too many files are open",
  other: (error) => `cannot be used: ${messageOf(error)}`,
};

function fileCodeOf(error: unknown): FileErrorCode {
  switch (codeOfError(error)) {
    case "ENOENT":
    // A part of the path is a file.
    case "ENOTDIR":
      return "missing";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "denied";
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return "full";
    case "EMFILE":
    case "ENFILE":
      return "busy";
  }
  // Deno's own permissions have a name and no code.
  return error instanceof Error && error.name === "NotCapable" ? "denied" : "other";
}
