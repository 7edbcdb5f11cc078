/**
 * The platforms' errors in the contract's words. Node, Deno and Bun all give system errors the
 * POSIX name in `code`; what differs is told apart by name here. Knows no sockets.
 *
 * @module
 */

import { type Address, type CloseReason, ListenError } from "../../core/reactor.ts";

/** `ECONNRESET` and the like; an empty string for an error that has no such code. */
export function codeOfError(error: unknown): string {
  if (typeof error !== "object" || error === null) return "";
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" ? code : "";
}

/** What happened, without a stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Why a stream died of `error`. */
export function closeReasonOf(error: unknown): CloseReason {
  switch (codeOfError(error)) {
    case "ECONNRESET":
    case "ECONNABORTED":
    case "EPIPE":
    // Shutting down a connection that the peer has reset.
    case "ENOTCONN":
      return "reset";
    case "ETIMEDOUT":
      return "timeout";
    default:
      return "error";
  }
}

/** What `listen` rejects with. */
export function listenErrorOf(error: unknown, address: Address): ListenError {
  const code = listenCodeOf(error);
  return new ListenError(code, `${describeAddress(address)} ${LISTEN_WORDS[code](error)}`);
}

const LISTEN_WORDS: Record<ListenError["code"], (error: unknown) => string> = {
  "in-use": () => "is already in use",
  denied: (error) => `may not be listened on: ${deniedWords(error)}`,
  unavailable: () => "cannot be listened on: no such address on this machine",
  other: (error) => `cannot be listened on: ${messageOf(error)}`,
};

/** Deno says which permission is wanted. */
function deniedWords(error: unknown): string {
  return codeOfError(error) === "" ? messageOf(error) : "permission denied";
}

function listenCodeOf(error: unknown): ListenError["code"] {
  switch (codeOfError(error)) {
    case "EADDRINUSE":
      return "in-use";
    case "EACCES":
    case "EPERM":
      return "denied";
    case "EADDRNOTAVAIL":
    // The folder of a Unix path.
    case "ENOENT":
      return "unavailable";
  }
  // Deno's own permissions have a name and no code.
  return error instanceof Error && error.name === "NotCapable" ? "denied" : "other";
}

/** `port 8080 on 127.0.0.1`, or `the path /run/app.sock`. */
export function describeAddress(address: Address): string {
  return address.transport === "tcp"
    ? `port ${address.port} on ${address.host}`
    : `the path ${address.path}`;
}
