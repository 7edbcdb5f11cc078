/**
 * Errors that say whose fault it is. A peer's fault has the HTTP status of the answer that it gets;
 * a transport's end has a reason; both have stable codes, so that nobody matches on texts. Who
 * throws them, and what becomes of one, is not known here.
 *
 * @module
 */

/** Who has to change something for the error to go away. */
export type Fault = "peer" | "application" | "server";

/** A request that cannot be served, with the answer that it gets. */
export class HttpError extends Error {
  override name = "HttpError";
  /** The status of the answer: 400 … 599. */
  readonly status: number;
  /** A stable code in kebab case: `bare-lf`, `body-too-large`. */
  readonly code: string;
  /** Who has to change something for it to go away. */
  readonly fault: Fault;

  constructor(status: number, code: string, message: string, fault: Fault = "peer") {
    super(message);
    this.status = status;
    this.code = code;
    this.fault = fault;
  }
}

/**
 * Why a request was given up before its last byte was accepted.
 *
 * - `client-gone`: the peer closed, reset or half-closed its side.
 * - `timeout`: one of the clocks ran out.
 * - `shutdown`: the server is closing.
 * - `bad-request`: its body turned out to be malformed, too large, incomplete or late.
 * - `application`: the application terminated the request itself.
 */
export type AbortCause = "client-gone" | "timeout" | "shutdown" | "bad-request" | "application";

/** The `reason` of a request's `signal`, and what its pending reads reject with. */
export class RequestAborted extends Error {
  override name = "RequestAborted";
  override readonly cause: AbortCause;

  constructor(cause: AbortCause, message: string = ABORT_MESSAGES[cause]) {
    super(message);
    this.cause = cause;
  }
}

/**
 * Lets `instanceof` know the errors of `type` in any copy of this package, since the source and the
 * build may both be loaded. Subclasses are told by their class.
 */
export function knowInAnyCopy(type: new (...args: never[]) => Error, name: string): void {
  const brand = Symbol.for(`sluice.${name}`);
  Object.defineProperty(type.prototype, brand, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      if (this !== type) return Function.prototype[Symbol.hasInstance].call(this, value);
      return typeof value === "object" && value !== null && brand in value;
    },
  });
}

knowInAnyCopy(HttpError, "http-error");
knowInAnyCopy(RequestAborted, "request-aborted");

const ABORT_MESSAGES: Record<AbortCause, string> = {
  "client-gone": "the client left before the response was complete",
  timeout: "the request ran out of time",
  "bad-request": "the request's body could not be read",
  shutdown: "the server is shutting down",
  application: "the application terminated the request",
};

/** An error with its stack, for the log. Anything can be thrown: also what has no text at all. */
export function textOfError(error: unknown): string {
  try {
    return String(error instanceof Error ? error.stack ?? error : error);
  } catch {
    return NO_TEXT;
  }
}

/** The same in a line. */
export function lineOfError(error: unknown): string {
  try {
    return String(error);
  } catch {
    return NO_TEXT;
  }
}

const NO_TEXT = "something that has no text";
