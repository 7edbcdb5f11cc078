/**
 * Bodies of Bun's `Response` that are here as a whole. It knows how Bun 1.4 lets that be seen, and
 * nothing of how an answer is sent.
 *
 * Bun shows a body as a stream only, and reading any stream by `bytes()` drains it. But `bun:jsc`
 * tells how much memory an object holds by itself: for a `Response` that is a constant, and the
 * size of its body when that is a string or bytes; a stream, a Blob and a file count nothing. The
 * number is an estimate by its name, so what is read from it is tried on specimens before anything
 * rests on it, and responses that may hold memory for another reason are left alone. See
 * docs/decisions/0007.
 *
 * @module
 */

import process from "node:process";
import type { WholeBodies } from "../../core/capabilities/whole_bodies.ts";
import type { BunPlatform } from "./platform.ts";

/** The part of Bun's module `bun:jsc` that is used. */
interface JscModule {
  estimateShallowMemoryUsageOf?(object: object): number;
}

/** The capability, if this Bun's estimate is what it is taken for; null otherwise. */
export function bunWholeBodies(bun: Pick<BunPlatform, "peek">): WholeBodies | null {
  const jsc = process.getBuiltinModule("bun:jsc") as JscModule | undefined;
  const sizeOf = jsc?.estimateShallowMemoryUsageOf;
  if (sizeOf === undefined || bun.peek === undefined) return null;
  const bodies = new BunWholeBodies(sizeOf, bun.peek);
  try {
    return holdsOnSpecimens(bodies) ? bodies : null;
  } catch {
    return null;
  }
}

class BunWholeBodies implements WholeBodies {
  readonly #sizeOf: (object: object) => number;
  readonly #peek: (promise: Promise<Uint8Array>) => unknown;
  /** What a response holds besides its body. */
  readonly #emptySize: number;
  /** True exactly when the estimate was wrong once: it is not asked again. */
  #off = false;

  constructor(
    sizeOf: (object: object) => number,
    peek: (promise: Promise<Uint8Array>) => unknown,
  ) {
    this.#sizeOf = sizeOf;
    this.#peek = peek;
    this.#emptySize = sizeOf(new Response(null));
  }

  take(response: object, sizeMax: number): Uint8Array | null {
    if (this.#off) return null;
    const size = this.#sizeOf(response) - this.#emptySize;
    if (size <= 0 || size > sizeMax || !isPlain(response)) return null;
    const promise = response.bytes();
    const bytes = this.#peek(promise);
    if (bytes instanceof Uint8Array) return bytes;
    promise.then(ignore, ignore);
    // Somebody has a reader of the body; otherwise it is a stream, against all that was tried.
    if (bytes === promise) this.#off = true;
    return null;
  }

  /** `Headers` of Bun are as quick. */
  onlyField(): null {
    return null;
  }
}

/**
 * True exactly when nothing but a body can hold memory: a URL and a reason of its own do, as do
 * properties that were added, and a subclass may have any.
 */
function isPlain(response: object): response is Response {
  if (Object.getPrototypeOf(response) !== Response.prototype) return false;
  const { url, statusText, bodyUsed } = response as Response;
  return url === "" && statusText === "" && !bodyUsed && Reflect.ownKeys(response).length === 0;
}

function ignore(): void {}

const SIZE_MAX = 1000;

/** Tries every kind of response. Throws, or answers false, when one is not seen as expected. */
function holdsOnSpecimens(bodies: WholeBodies): boolean {
  return takesWholeOnes(bodies) && leavesOthersAlone(bodies);
}

function takesWholeOnes(bodies: WholeBodies): boolean {
  const more = { headers: { "x-a": "b" }, status: 404 };
  const touched = new Response("text");
  touched.headers.set("x-a", "b".repeat(SIZE_MAX));
  const specimens = [new Response("text"), new Response("text", more), touched];
  const bytes = new Response(new Uint8Array([1, 2, 3]));
  return specimens.every((specimen) => {
    const taken = bodies.take(specimen, SIZE_MAX);
    return taken !== null && new TextDecoder().decode(taken as Uint8Array) === "text" &&
      isUsed(bodies, specimen);
  }) && String(bodies.take(bytes, SIZE_MAX)) === "1,2,3" && isUsed(bodies, bytes);
}

/** Serving one response twice must fail as it does when its body was read. */
function isUsed(bodies: WholeBodies, specimen: Response): boolean {
  return specimen.bodyUsed && bodies.take(specimen, SIZE_MAX) === null;
}

function leavesOthersAlone(bodies: WholeBodies): boolean {
  const more = { headers: { "x-a": "b".repeat(SIZE_MAX) }, status: 404, statusText: "reason" };
  const locked = new Response("text");
  locked.body!.getReader();
  const marked = Object.assign(new Response(new ReadableStream()), { mark: 1 });
  const queued = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(SIZE_MAX / 2));
      controller.close();
    },
  });
  const streams = [
    queued,
    new ReadableStream({ type: "bytes" }),
    new TransformStream().readable,
    new Blob(["text"]).stream(),
    new Response("text").body,
  ];
  const readable = [
    new Response("x".repeat(SIZE_MAX + 1)),
    new Response(new Blob(["text"])),
    new Response(new ReadableStream(), more),
    new Response("text", more),
    marked,
    ...streams.map((stream) => new Response(stream)),
  ];
  return bodies.take(new Response(null), SIZE_MAX) === null &&
    bodies.take(locked, SIZE_MAX) === null &&
    readable.every((specimen) =>
      bodies.take(specimen, SIZE_MAX) === null && !specimen.bodyUsed &&
      specimen.body?.locked === false
    );
}
