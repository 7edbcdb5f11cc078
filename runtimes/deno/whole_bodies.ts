/**
 * Bodies of Deno's `Response` that are here as a whole. It knows where Deno 2.9 keeps a response's
 * inside, and nothing of how an answer is sent.
 *
 * A `Response` of Deno has its inside in two properties whose keys are symbols: `body` of the
 * prototype answers the inner body, and `response` of the object has the list of its fields, which
 * Deno's own server sends. A text that nobody has looked at has neither yet: they would be made of
 * what three more symbols hold. None of this is documented. So its shape is tried on specimens
 * before anything rests on it: where it is not what it was, there is no such capability, and bodies
 * are read as streams. See docs/decisions/0007.
 *
 * @module
 */

import type { WholeBodies } from "../../core/capabilities/whole_bodies.ts";

/** The capability, if this Deno's responses are made as expected; null otherwise. */
export function denoWholeBodies(): WholeBodies | null {
  const body = symbolOf(Response.prototype, "body");
  const inside = symbolOf(new Response(null), "response");
  if (body === null || inside === null) return null;
  const ways = [new DenoWholeBodies(body, inside, lazyText()), new DenoWholeBodies(body, inside)];
  return ways.find(holdsOnSpecimens) ?? null;
}

/** Where a text is that nobody has looked at: its symbols, if this Deno has them. */
interface LazyText {
  /** The text; null when somebody has looked at the body or the headers. */
  readonly text: symbol;
  /** Its media type; null where that is the one of texts. */
  readonly type: symbol;
  /** True exactly when it was sent: what is made of the text then counts as used. */
  readonly isSent: symbol;
}

function lazyText(): LazyText | null {
  const specimen = new Response("text");
  const text = symbolOf(specimen, "lazy static body");
  const type = symbolOf(specimen, "lazy static content type");
  const isSent = symbolOf(specimen, "serve fast consumed");
  return text === null || type === null || isSent === null ? null : { text, type, isSent };
}

/** What `response[body]` answers for a body that is not null. */
interface InnerBody {
  /** The stream; or what it would be made of. */
  readonly streamOrStatic: { body?: unknown; consumed?: unknown };
}

/** What `response[inside]` has. */
interface Inside {
  /** Name, as spelled, and value of each field. */
  readonly headerList: ReadonlyArray<readonly [string, string]>;
}

class DenoWholeBodies implements WholeBodies {
  readonly #body: symbol;
  readonly #inside: symbol;
  readonly #lazy: LazyText | null;
  /** The name that was put into lower case last: a program sends the same few. */
  #spelled = "";
  #lower = "";

  constructor(body: symbol, inside: symbol, lazy: LazyText | null = null) {
    this.#body = body;
    this.#inside = inside;
    this.#lazy = lazy;
  }

  /** A subclass may have a body of its own making: only Deno's own objects are looked into. */
  take(response: object, sizeMax: number): string | Uint8Array | null {
    if (Object.getPrototypeOf(response) !== Response.prototype) return null;
    if (this.#lazy !== null) {
      const held = response as Record<symbol, unknown>;
      const text = held[this.#lazy.text];
      if (typeof text === "string" && held[this.#lazy.isSent] === false) {
        if (text.length > sizeMax) return null;
        held[this.#lazy.isSent] = true;
        return text;
      }
    }
    const inner = (response as Record<symbol, InnerBody | null>)[this.#body]!;
    if (inner === null) return null;
    const held = inner.streamOrStatic;
    const { body } = held;
    if (held.consumed !== false) return null;
    if (typeof body !== "string" && !(body instanceof Uint8Array)) return null;
    if (body.length > sizeMax) return null;
    held.consumed = true;
    return body;
  }

  onlyField(response: object): readonly [name: string, value: string] | null {
    if (this.#lazy !== null) {
      const held = response as Record<symbol, unknown>;
      if (typeof held[this.#lazy.text] === "string") {
        return ["content-type", held[this.#lazy.type] as string | null ?? TEXT_TYPE];
      }
    }
    const { headerList } = (response as Record<symbol, Inside>)[this.#inside]!;
    if (headerList.length !== 1) return null;
    const [name, value] = headerList[0]!;
    if (name !== this.#spelled) {
      this.#spelled = name;
      this.#lower = name.toLowerCase();
    }
    return [this.#lower, value];
  }
}

/** What the Fetch standard gives a text without a type of its own. */
const TEXT_TYPE = "text/plain;charset=UTF-8";

/** The symbol with this description among the keys of `object`; null when there is none. */
function symbolOf(object: object, description: string): symbol | null {
  const keys = Object.getOwnPropertySymbols(object);
  return keys.find((key) => key.description === description) ?? null;
}

const SIZE_MAX = 100;

/** Tries every kind of response. Answers false when one is not made as expected. */
function holdsOnSpecimens(bodies: WholeBodies): boolean {
  try {
    return takesWholeOnes(bodies) && leavesOthersAlone(bodies) && findsTheOnlyField(bodies);
  } catch {
    // Whatever it was that a changed inside threw: it is not what it was.
    return false;
  }
}

function takesWholeOnes(bodies: WholeBodies): boolean {
  const plain = { headers: { "X-A": "b" }, status: 404 };
  const touched = new Response("text");
  touched.headers.set("x-a", "b");
  const texts = [new Response("text"), new Response("text", plain), touched, Response.json(1)];
  const bytes = new Response(new Uint8Array([1, 2, 3]));
  return texts.every((specimen, i) => {
    const { bodyUsed } = specimen;
    const text = bodies.take(specimen, SIZE_MAX);
    return !bodyUsed && text === (i === 3 ? "1" : "text") && isUsed(bodies, specimen);
  }) && String(bodies.take(bytes, SIZE_MAX)) === "1,2,3" && isUsed(bodies, bytes) &&
    bodies.take(new Response(""), SIZE_MAX) === "";
}

/** Serving one response twice must fail as it does when its body was read. */
function isUsed(bodies: WholeBodies, specimen: Response): boolean {
  return specimen.bodyUsed && bodies.take(specimen, SIZE_MAX) === null &&
    specimen.body?.locked === true;
}

function leavesOthersAlone(bodies: WholeBodies): boolean {
  const locked = new Response("text");
  locked.body!.getReader();
  const read = new Response("text");
  read.text();
  const large = new Response("x".repeat(SIZE_MAX + 1));
  const own = new (class extends Response {})("text");
  const blob = new Blob(["text"]);
  const readable = [
    large,
    own,
    new Response(blob),
    new Response(blob.stream()),
    new Response(new ReadableStream()),
  ];
  return bodies.take(new Response(null), SIZE_MAX) === null &&
    bodies.take(locked, SIZE_MAX) === null && bodies.take(read, SIZE_MAX) === null &&
    readable.every((specimen) =>
      bodies.take(specimen, SIZE_MAX) === null && !specimen.bodyUsed &&
      specimen.body?.locked === false
    );
}

function findsTheOnlyField(bodies: WholeBodies): boolean {
  const text = new Response("text");
  const changed = new Response("text", { headers: { "X-A": "b" } });
  changed.headers.delete("content-type");
  changed.headers.set("x-a", "c");
  const several = new Response("text", { headers: { "X-A": "b" } });
  const none = new Response(new Uint8Array(1));
  const json = Response.json(1);
  const found = [text, changed, several, none, json].map((specimen) => {
    bodies.take(specimen, SIZE_MAX);
    return bodies.onlyField(specimen)?.join(":").toLowerCase() ?? null;
  });
  const expected = [
    "content-type:text/plain;charset=utf-8",
    "x-a:c",
    null,
    null,
    "content-type:application/json",
  ];
  return found.every((field, i) => field === expected[i]);
}
