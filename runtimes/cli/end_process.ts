/**
 * The last resort: ends the process while a thread of it is inside of a native call that blocks. It
 * knows how each runtime ends processes; when it is time to is its caller's affair.
 *
 * @module
 */

import process from "node:process";

/**
 * Ends the process now, with `exitCode`, whatever its threads do.
 *
 * `process.exit` of Node 26 waits for every worker, so a query of `node:sqlite` without end keeps
 * the process without end. It can put another program into its place, though, and the kernel ends
 * the threads with that. Where it cannot (before Node 22.15, and on Windows) it kills itself, which
 * is exit code 137, and 1 on Windows. Deno 2.9 and Bun 1.4 do not wait.
 */
export function endProcess(exitCode: number): never {
  const { bun, deno } = process.versions as { readonly bun?: string; readonly deno?: string };
  if (bun !== undefined || deno !== undefined) process.exit(exitCode);
  process.emit("exit", exitCode);
  try {
    const args = [process.execPath, "--eval", `process.exit(${exitCode})`];
    process.execve?.(process.execPath, args, { ...process.env, NODE_OPTIONS: "" });
  } catch {
    // Windows has no such call.
  }
  process.kill(process.pid, "SIGKILL");
  throw new Error("the process goes on behind SIGKILL");
}
