/**
 * What checks of computations in steps compute: something short, something without an end, and a
 * handler that starts either. It knows no check.
 *
 * @module
 */

import type { Handler } from "../../../core/handlers.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE, ERROR } from "../../../core/status.ts";
import { type Step, step } from "../../../core/work/step.ts";

/** Counts to `upTo`, a slice each. */
export function* counting(upTo: number, seen: string[] = []): Generator<undefined, number> {
  try {
    for (let i = 0; i < upTo; i++) yield;
    return upTo;
  } finally {
    seen.push("finally");
  }
}

/** A handler that starts what `make` gives for `/step`, and answers everything else at once. */
export function starter(make: (request: HttpRequest) => unknown): Handler {
  return (request) => {
    if (request.target !== "/step") return request.respond(200, {}, "other");
    make(request);
    return DONE;
  };
}

/** A computation that never ends by itself, and what it did. */
export class Endless {
  slices = 0;
  readonly seen: string[] = [];
  step: Step<void> | null = null;

  *run(): Generator<undefined, void> {
    try {
      for (;;) {
        this.slices++;
        yield;
      }
    } finally {
      this.seen.push("finally");
    }
  }

  start(request: HttpRequest): void {
    this.step = step(this.run(), { request, name: "endless" });
    this.step.done.catch((error) => {
      this.seen.push(error.name);
      if (!request.finalized) request.finalize(ERROR, 500);
    });
  }
}
