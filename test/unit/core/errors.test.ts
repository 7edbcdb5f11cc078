/** Errors and assertions: what can be told from one without reading its text. */

import { assert as holds, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { test } from "node:test";
import { assert, AssertionFault } from "../../../core/assert.ts";
import { HttpError, lineOfError, RequestAborted, textOfError } from "../../../core/errors.ts";

test("assert() passes when the condition holds", () => {
  const value: string | null = "here" as string | null;
  assert(value !== null, "a value was null");
  assertEquals(value.length, 4);
});

test("assert() throws AssertionFault with its message", () => {
  assertThrows(() => assert(false, "a promise was broken"), AssertionFault, "a promise was broken");
});

test("HttpError has status, code and text, and blames the peer unless told otherwise", () => {
  const error = new HttpError(413, "body-too-large", "the body is larger than 1024 bytes");
  assertInstanceOf(error, Error);
  assertEquals([error.name, error.status, error.code, error.fault, error.message], [
    "HttpError",
    413,
    "body-too-large",
    "peer",
    "the body is larger than 1024 bytes",
  ]);
  assertEquals(new HttpError(503, "overload", "too busy", "server").fault, "server");
});

test("RequestAborted has its cause and a text of its own for each", () => {
  const causes = ["client-gone", "timeout", "shutdown", "application"] as const;
  const texts = new Set<string>();
  for (const cause of causes) {
    const error = new RequestAborted(cause);
    assertEquals([error.name, error.cause], ["RequestAborted", cause]);
    holds(error.message.length > 0);
    texts.add(error.message);
  }
  assertEquals(texts.size, causes.length);
  assertEquals(new RequestAborted("timeout", "the body came too slowly").message.length, 24);
});

test("textOfError() and lineOfError() have a text for whatever was thrown", () => {
  const broken = new Error("x");
  Object.defineProperty(broken, "stack", {
    get() {
      throw new Error("y");
    },
  });
  for (const thrown of [undefined, null, 5, Symbol("s"), Object.create(null), broken]) {
    holds(textOfError(thrown).length > 0 && lineOfError(thrown).length > 0);
  }
  assertEquals(lineOfError(new RangeError("no")), "RangeError: no");
});

test("HttpError and RequestAborted are the same in any copy of the package", async () => {
  const copy: typeof import("../../../core/errors.ts") = await import(
    `../../../core/errors.ts?copy=${"another"}`
  );
  const [error, aborted] = [new copy.HttpError(413, "x", "y"), new copy.RequestAborted("timeout")];
  holds(copy.HttpError !== HttpError, "it is no copy");
  holds(error instanceof HttpError && aborted instanceof RequestAborted);
  holds(!(aborted instanceof HttpError) && !(error instanceof RequestAborted));
  class Mine extends HttpError {}
  const mine: unknown = new Mine(400, "x", "y");
  holds(mine instanceof Mine && mine instanceof HttpError && mine instanceof copy.HttpError);
  holds(!((error as unknown) instanceof Mine));
  holds(!((null as unknown) instanceof HttpError) && !(("x" as unknown) instanceof HttpError));
});

test("errors that an application gets are the same in any copy of the package", async () => {
  // On Node the command runs from the source, and what an application imports is the build.
  const own: Record<string, unknown> = {};
  const others: Record<string, unknown> = {};
  for (const module of MODULES) {
    Object.assign(own, await import(`../../../core/${module}.ts`));
    Object.assign(others, await import(`../../../core/${module}.ts?copy=${"another"}`));
  }
  type ErrorClass = new (code: string, message: string) => Error;
  for (const name of NAMES) {
    const [Own, Other] = [own[name], others[name]] as [ErrorClass, ErrorClass];
    holds(Own !== Other, `${name} is no copy`);
    const error: unknown = new Other("closing", "no");
    assertEquals([name, error instanceof Own, error instanceof Error], [name, true, true]);
    holds(!((new Error("no") as unknown) instanceof Own), `an Error is no ${name}`);
    assertEquals(error instanceof HttpError, name === "ThreadError");
    holds(!((new HttpError(400, "x", "y") as unknown) instanceof Own), `HttpError is no ${name}`);
    class Mine extends Own {}
    holds(new Mine("closing", "no") instanceof Other && !(error instanceof Mine));
  }
});

const MODULES = [
  "capabilities/files",
  "capabilities/polls",
  "reactor",
  "thread_service",
  "work/ring_writer",
  "work/step",
];
const NAMES = [
  "AdoptError",
  "FileError",
  "ListenError",
  "StepStopped",
  "ThreadError",
  "ThreadStopped",
];
