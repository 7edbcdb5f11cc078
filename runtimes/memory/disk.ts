/**
 * The disk of the in-memory runtime: files that live as long as their reactor, whose calls settle
 * in events of its schedule. It knows bytes, names and directories; it knows nothing of who uses
 * them.
 *
 * @module
 */

import { FileError, type Files, type OpenFile } from "../../core/capabilities/files.ts";
import { type Schedule, Task, type TaskQueue } from "./schedule.ts";

/** What a disk needs of its reactor. */
export interface DiskWorld {
  readonly schedule: Schedule;
  readonly tasks: TaskQueue;
  /** Makes a task runnable in `inMs` milliseconds. */
  postpone(task: Task, inMs: number): void;
}

/** How large the disk is, and which directories it has. */
export interface DiskOptions {
  /** How many bytes all files may have together; then `full`. Default: no bound. */
  readonly diskBytes?: number;
  /** The directories that there are, for temporary files. Default: `/tmp`. */
  readonly directories?: readonly string[];
}

/** Where temporary files go when nobody says where. */
const DEFAULT_DIRECTORY = "/tmp";

/** Files in memory. Every call settles in an event of its own. */
export class MemoryDisk implements Files {
  readonly #world: DiskWorld;
  readonly #bytesMax: number;
  readonly #directories: ReadonlySet<string>;
  /** Files with names. */
  readonly #named = new Map<string, Contents>();
  readonly #open = new Set<MemoryFile>();
  #temporaries = 0;
  #bytes = 0;

  /** @internal */
  constructor(world: DiskWorld, options: DiskOptions) {
    this.#world = world;
    this.#bytesMax = options.diskBytes ?? Infinity;
    this.#directories = new Set(options.directories ?? [DEFAULT_DIRECTORY]);
  }

  /** Puts a file there, or puts other bytes into one, at once. The bytes are copied. */
  put(path: string, bytes: Uint8Array): void {
    const contents = this.#named.get(path) ?? new Contents();
    this.#bytes += bytes.length - contents.size;
    contents.replace(bytes);
    this.#named.set(path, contents);
  }

  /** How many bytes the files have together, those without a name included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The files that are open, in words. Temporary ones end with their close. */
  get openFiles(): readonly string[] {
    return [...this.#open].map(String);
  }

  /** How many temporary files were made so far. */
  get temporaries(): number {
    return this.#temporaries;
  }

  open(path: string): Promise<OpenFile> {
    return this.#settles("open", path, () => {
      const contents = this.#named.get(path);
      if (contents === undefined) throw new FileError("missing", `${path} does not exist`);
      return this.#opened(path, contents, false);
    });
  }

  openTemporary(directory: string | null): Promise<OpenFile> {
    const where = directory ?? DEFAULT_DIRECTORY;
    return this.#settles("open", where, () => {
      const { schedule } = this.#world;
      if (!this.#directories.has(where) || schedule.strikes("noDirectory", where)) {
        throw new FileError("missing", `${where} does not exist`);
      }
      const name = `${where}/temporary ${++this.#temporaries}`;
      return this.#opened(name, new Contents(), true);
    });
  }

  #opened(name: string, contents: Contents, isTemporary: boolean): MemoryFile {
    const file: MemoryFile = new MemoryFile(name, {
      contents,
      checkRead: () => this.#checkRead(name),
      inTurn: (what, call) => this.#settles(what, name, call),
      grow: (bytes) => this.#grow(name, bytes),
      closed: () => {
        this.#open.delete(file);
        if (isTemporary) this.#bytes -= contents.size;
      },
    });
    this.#open.add(file);
    return file;
  }

  #checkRead(name: string): void {
    if (!this.#world.schedule.strikes("badRead", name)) return;
    throw new FileError("other", `${name} cannot be read`);
  }

  #grow(name: string, bytes: number): void {
    if (this.#bytes + bytes > this.#bytesMax || this.#world.schedule.strikes("diskFull", name)) {
      throw new FileError("full", `${name} has no room left`);
    }
    this.#bytes += bytes;
  }

  /** Carries `call` out in an event of its own, late if the schedule says so. */
  #settles<T>(what: string, name: string, call: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const task = new Task(`${what} file`, name, () => {
        try {
          resolve(call());
        } catch (error) {
          reject(error);
        }
      });
      const { schedule, tasks } = this.#world;
      const lateMs = schedule.lateByMs("file", name);
      if (lateMs > 0) this.#world.postpone(task, lateMs);
      else tasks.add(task);
    });
  }
}

/** The bytes of a file. */
class Contents {
  size = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  replace(bytes: Uint8Array): void {
    this.#bytes = bytes.slice();
    this.size = bytes.length;
  }

  write(at: number, bytes: Uint8Array): void {
    const end = at + bytes.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, at);
    this.size = Math.max(this.size, end);
  }

  read(at: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.size - at));
    into.set(this.#bytes.subarray(at, at + count));
    return count;
  }
}

/** What an open file needs of its disk. */
interface FileWorld {
  readonly contents: Contents;
  inTurn<T>(what: string, call: () => T): Promise<T>;
  /** @throws {FileError} when bytes cannot be read. */
  checkRead(): void;
  /**
   * The file is about to have this many bytes more.
   *
   * @throws {FileError} when there is no room.
   */
  grow(bytes: number): void;
  closed(): void;
}

class MemoryFile implements OpenFile {
  readonly #name: string;
  readonly #world: FileWorld;
  #before: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | null = null;

  constructor(name: string, world: FileWorld) {
    this.#name = name;
    this.#world = world;
  }

  read(at: number, into: Uint8Array): Promise<number> {
    return this.#inTurn("read", () => {
      this.#world.checkRead();
      return this.#world.contents.read(at, into);
    });
  }

  write(at: number, bytes: Uint8Array): Promise<void> {
    return this.#inTurn("write", () => {
      const { contents } = this.#world;
      const more = at + bytes.length - contents.size;
      if (more > 0) this.#world.grow(more);
      contents.write(at, bytes);
    });
  }

  size(): Promise<number> {
    return this.#inTurn("size of", () => this.#world.contents.size);
  }

  close(): Promise<void> {
    return this.#closed ??= this.#before.then(() => {
      return this.#world.inTurn("close", () => this.#world.closed());
    });
  }

  toString(): string {
    return this.#name;
  }

  #inTurn<T>(what: string, call: () => T): Promise<T> {
    if (this.#closed !== null) return Promise.reject(new TypeError("the file is closed"));
    const result = this.#before.then(() => this.#world.inTurn(what, call));
    this.#before = result.catch(ignore);
    return result;
  }
}

function ignore(): void {}
