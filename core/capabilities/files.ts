/**
 * The contract of files: bytes at offsets, and files that nobody else ever sees. Types and prose
 * only. It knows no directories beyond their names, no encodings, and no streams.
 *
 * Every call is asynchronous, and none holds the loop: its promise settles in a later event. What
 * goes wrong is a `FileError`, whose code is one of a closed set.
 *
 * @module
 */

import { knowInAnyCopy } from "../errors.ts";

/**
 * Why something cannot be done with a file.
 *
 * - `missing`: there is no such file, or no such directory to make one in.
 * - `denied`: this process may not.
 * - `full`: the disk is, or the quota, or the largest size of a file.
 * - `busy`: this process, or the machine, has too many files open.
 * - `other`: anything else; the message has the runtime's words.
 */
export type FileErrorCode = "missing" | "denied" | "full" | "busy" | "other";

/** The message names the file or its directory. */
export class FileError extends Error {
  override name = "FileError";
  /** Why, in one word. */
  readonly code: FileErrorCode;

  constructor(code: FileErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

knowInAnyCopy(FileError, "file-error");

/**
 * An open file. Calls may overlap: they are carried out one after another, in the order in which
 * they were made.
 */
export interface OpenFile {
  /**
   * Reads into `into` from the offset `at`, and answers how many bytes: all that fit, or fewer at
   * the end of the file only; 0 there. The memory is the file's until the promise settles.
   */
  read(at: number, into: Uint8Array): Promise<number>;
  /**
   * Writes all of `bytes` at the offset `at`. The memory is the file's until the promise settles.
   * After a failure any part of it may be written.
   */
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** How many bytes the file has now. */
  size(): Promise<number>;
  /**
   * Closes it, behind all calls that were made before; later ones reject with a `TypeError`. A
   * temporary file is gone then. Never rejects; the same promise at each call.
   */
  close(): Promise<void>;
}

/** What a runtime gives: its `files`. */
export interface Files {
  /** Opens a file for reading. Rejects with a `FileError`, also where it is a directory. */
  open(path: string): Promise<OpenFile>;
  /**
   * Makes an empty file for reading and writing that nobody else can open: created exclusively in
   * `directory` (null: the platform's own place), readable by this user alone, and without a name
   * as soon as the platform can take it away. Where it cannot, the name goes when the file closes.
   */
  openTemporary(directory: string | null): Promise<OpenFile>;
}
