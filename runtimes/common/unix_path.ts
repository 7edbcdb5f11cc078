/**
 * Whether a Unix path can be listened on: a socket that a dead process left is removed, and
 * whatever else is in the way is said. Knows files and who accepts there; listening itself is the
 * shims' affair, which refuse a path that is there.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { lstatSync, type Stats, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";
import process from "node:process";
import { ListenError } from "../../core/reactor.ts";
import { codeOfError, listenErrorOf } from "./platform_errors.ts";

/** `sun_path` has 108 bytes on Linux and 104 on the BSDs, with a zero at its end. */
const PATH_BYTES_MAX = process.platform === "linux" ? 107 : 103;

/**
 * Leaves nothing at `path`, in a folder that is there. Of several processes that start at once on
 * the same stale path all but one are refused, here or when they listen, unless two of them remove
 * it in the same instant: a file system has no way to remove one certain file.
 *
 * Rejects with a `ListenError`: `in-use` when somebody accepts there, or when it is no socket.
 */
export async function freeUnixPath(path: string): Promise<void> {
  const size = Buffer.byteLength(path);
  if (size > PATH_BYTES_MAX) {
    throw refused("other", path, `is too long: ${size} bytes, of ${PATH_BYTES_MAX} at most`);
  }
  const found = factsAt(path);
  if (found === undefined) return;
  if (!found.isSocket()) throw refused("in-use", path, "is a file, and no socket");
  if (!await isStale(path)) return;
  const now = factsAt(path);
  if (now?.ino === found.ino && now.ctimeMs === found.ctimeMs) remove(path);
}

/** Undefined where there is no such file, in a folder that is there. */
function factsAt(path: string): Stats | undefined {
  try {
    const facts = lstatSync(path, { throwIfNoEntry: false });
    if (facts === undefined) statSync(dirname(path));
    return facts;
  } catch (error) {
    if (codeOfError(error) === "ENOENT") {
      throw refused("unavailable", path, "cannot be listened on: there is no such folder");
    }
    throw listenErrorOf(error, { transport: "unix", path });
  }
}

/**
 * True exactly when nobody accepts at the socket. Only the kernel's own word is taken for it: where
 * the asking fails otherwise (no right to, say) somebody may be there.
 */
function isStale(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect({ path });
  socket.on("connect", () => {
    socket.destroy();
    reject(refused("in-use", path, "is already in use"));
  });
  socket.on("error", (error) => {
    const code = codeOfError(error);
    if (code === "ECONNREFUSED") resolve(true);
    // Whoever was there has just removed it.
    else if (code === "ENOENT") resolve(false);
    else reject(listenErrorOf(error, { transport: "unix", path }));
  });
  return promise;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOfError(error) !== "ENOENT") throw listenErrorOf(error, { transport: "unix", path });
  }
}

function refused(code: ListenError["code"], path: string, words: string): ListenError {
  return new ListenError(code, `the path ${path} ${words}`);
}
