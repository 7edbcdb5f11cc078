/**
 * Compresses bodies as they go out (RFC 9110 §8.4): decides by the head whether an answer deserves
 * it and whether the client wants it, and feeds the body to an encoder. It knows the fields that
 * change with it; what the codings do is the runtime's affair, and framing is that of the filters
 * behind it.
 *
 * The head of an answer to HEAD is that to GET (RFC 9110 §9.3.2), which has no length then (§8.6).
 * Left alone are 204, 205, 206 and 304, answers with a Content-Encoding, with
 * `no-transform`, with a digest of their bytes, and to HTTP/1.0, which has no chunks.
 *
 * @module
 */

import type { BufPool } from "../buf_pool.ts";
import type { Codec, Codecs, Coding } from "../capabilities/codecs.ts";
import type { Chain } from "../chain.ts";
import { textOfError } from "../errors.ts";
import { forsake } from "../promise_like.ts";
import { chooseCoding, type CodingChoice } from "../http/accept_encoding.ts";
import type { ResponseHead } from "../http/response_head.ts";
import { Encoding } from "./encoding.ts";
import { statusHasNoBody } from "./head_only.ts";
import type { Filter, Outgoing } from "./outgoing.ts";

/** What compresses, and how hard. */
export interface CompressionOptions {
  /**
   * The codings to offer, the best one first: it decides where a client likes several as much.
   * Default: `br`, `zstd`, `gzip`, those of them that the runtime has.
   */
  readonly codings?: readonly Coding[];
  /** Answers of a known length below this are left alone. Default: 1024. */
  readonly minBytes?: number;
  /**
   * How hard each coding tries, on its own scale. Default: 4 for `br`, 3 for `zstd`, 6 for `gzip`.
   */
  readonly levels?: { readonly [coding in Coding]?: number };
  /**
   * True exactly when a media type, in lower case and without parameters, deserves it. Default:
   * texts, and what is text underneath (JSON, XML, scripts), WebAssembly, uncompressed fonts and
   * images.
   */
  readonly deserves?: (mediaType: string) => boolean;
}

/**
 * Checks the names and the kinds of options; levels and codings are checked where they are used.
 *
 * @throws {TypeError} that names the first that is wrong.
 */
export function checkCompression(options: CompressionOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`compression is true, false or options, not ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name)) throw new TypeError(`compression has no option "${name}"`);
  }
  const { minBytes = 0 } = options;
  if (Number.isInteger(minBytes) && minBytes >= 0) return;
  throw new TypeError(`compression.minBytes is a whole number, not ${String(minBytes)}`);
}

/** What compression needs of a server. */
export interface CompressionMeans {
  readonly codecs: Codecs;
  readonly pool: BufPool;
}

/** The settings of one server, or of one application. */
export class Compression {
  readonly #means: CompressionMeans;
  readonly #codings: readonly Coding[];
  readonly #minBytes: number;
  readonly #levels: NonNullable<CompressionOptions["levels"]>;
  readonly #deserves: (mediaType: string) => boolean;
  /** Most clients of a server say the same. */
  #lastField: string | null = null;
  #lastChoice: CodingChoice = chooseCoding(null, []);

  /**
   * @throws {TypeError} for a coding that the runtime does not have.
   * @throws {RangeError} for a level that a coding does not have.
   */
  constructor(options: CompressionOptions, means: CompressionMeans) {
    const { codings, minBytes = MIN_BYTES, levels = {}, deserves = deservesIt } = options;
    const known = means.codecs.codings;
    this.#codings = codings ?? CODINGS.filter((coding) => known.includes(coding));
    this.#means = means;
    this.#minBytes = minBytes;
    this.#levels = levels;
    this.#deserves = deserves;
    // A coding or a level that is wrong says so now.
    for (const coding of this.#codings) {
      if (!known.includes(coding)) {
        throw new TypeError(`this runtime has no coding ${String(coding)}`);
      }
      this.#encoderOf(coding).close();
    }
  }

  /** What the client would have, of what is offered. */
  choose(outgoing: Outgoing): CodingChoice {
    const field = outgoing.header("accept-encoding");
    if (field === this.#lastField) return this.#lastChoice;
    this.#lastField = field;
    return this.#lastChoice = chooseCoding(field, this.#codings);
  }

  /** True exactly when an answer may be sent in a coding. `bodyBytes`: -1 when nobody knows. */
  mayEncode(outgoing: Outgoing, head: ResponseHead, bodyBytes: number): boolean {
    if (outgoing.versionMinor === 0) return false;
    if (statusHasNoBody(head.status) || head.status === 206 || bodyBytes === 0) return false;
    const isSmall = bodyBytes >= 0 && bodyBytes < this.#minBytes;
    if (isSmall && !this.choose(outgoing).identityRefused) return false;
    if (!head.hasContentType) return false;
    let deserves = false;
    for (let i = 0; i < head.fields.length; i += 2) {
      const name = head.fields[i]!.toLowerCase();
      const value = head.fields[i + 1]!;
      if (name === "content-type") deserves = this.#asks(outgoing, value);
      else if (DESCRIBING.has(name)) return false;
      else if (name === "cache-control" && NO_TRANSFORM.test(value)) return false;
    }
    return deserves;
  }

  /** Asks the application's own function, if it gave one. */
  #asks(outgoing: Outgoing, contentType: string): boolean {
    try {
      const answer: unknown = this.#deserves(mediaTypeOf(contentType));
      if (typeof answer === "boolean") return answer;
      forsake(answer);
      throw new TypeError("it answers neither true nor false");
    } catch (error) {
      outgoing.complain(`compression.deserves failed\n${textOfError(error)}`);
      return false;
    }
  }

  /** Begins to encode one body. */
  begin(coding: Coding, head: ResponseHead): Encoding {
    const flushesAll = mediaTypeOf(head.get("content-type") ?? "") === EVENT_STREAM;
    return new Encoding(this.#encoderOf(coding), this.#means.pool, flushesAll);
  }

  #encoderOf(coding: Coding): Codec {
    const level = this.#levels[coding];
    const encoder = this.#means.codecs.encoder(coding, level === undefined ? {} : { level });
    if (encoder !== null) return encoder;
    throw new TypeError(`this runtime does not have the coding ${coding}`);
  }
}

export const compression: Filter = {
  name: "compression",
  head(outgoing: Outgoing): boolean {
    const coding = negotiate(outgoing, outgoing.response);
    if (coding === null) return false;
    const { response } = outgoing;
    if (!outgoing.isHead && !begins(outgoing, coding)) return false;
    response.contentLength = -1;
    response.append("content-encoding", coding);
    return !outgoing.isHead;
  },
  /** Takes all of it: the encoder gives it out in slices. See `filterBody`. */
  body(outgoing: Outgoing, chain: Chain): void {
    outgoing.encoding!.take(chain);
  },
};

/** Answers false when no encoder can be had: then the answer goes out as it is. */
function begins(outgoing: Outgoing, coding: Coding): boolean {
  try {
    outgoing.encoding = outgoing.compression!.begin(coding, outgoing.response);
    return true;
  } catch (error) {
    outgoing.complain(`is sent without compression\n${textOfError(error)}`);
    return false;
  }
}

/**
 * The coding in which an answer with `head` goes out; null for none. What the head says of that is
 * in it then, but for the coding itself: also a 304 says it.
 */
export function negotiate(outgoing: Outgoing, head: ResponseHead): Coding | null {
  const { compression } = outgoing;
  if (compression === null) return null;
  if (!compression.mayEncode(outgoing, head, head.contentLength)) return null;
  // Whoever keeps the answer must know that another client may get another one.
  vary(head);
  const coding = compression.choose(outgoing).coding as Coding | null;
  if (coding !== null) weaken(head);
  return coding;
}

function vary(head: ResponseHead): void {
  const value = head.get("vary");
  if (value === null || !VARIES.test(value)) head.append("vary", "Accept-Encoding");
}

/** The bytes are others now, so a strong tag would be wrong (RFC 9110 §8.8.1). */
function weaken(head: ResponseHead): void {
  const { fields } = head;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.toLowerCase() !== "etag" || fields[i + 1]!.startsWith("W/")) continue;
    fields[i + 1] = `W/${fields[i + 1]}`;
  }
}

function mediaTypeOf(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}

function deservesIt(mediaType: string): boolean {
  return mediaType.startsWith("text/") || APPLICATIONS.test(mediaType) ||
    SUFFIXES.test(mediaType) || OTHERS.has(mediaType);
}

const OPTIONS: ReadonlySet<string> = new Set([
  "codings",
  "minBytes",
  "levels",
  "deserves",
]);
/** What is offered where nothing else is asked for, the best one first. */
export const CODINGS: readonly Coding[] = ["br", "zstd", "gzip"];
/** One packet, about: less does not get there sooner for being smaller. */
const MIN_BYTES = 1024;
const EVENT_STREAM = "text/event-stream";
/** Fields that say what the bytes are. Whoever sends one means these bytes and no others. */
const DESCRIBING: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-range",
  "content-digest",
  "repr-digest",
  "digest",
  "content-md5",
]);
const NO_TRANSFORM = /(?:^|,)[ \t]*no-transform[ \t]*(?:,|$)/i;
const VARIES = /(?:^|,)[ \t]*(?:\*|accept-encoding)[ \t]*(?:,|$)/i;
/** `application/…` that is text underneath, and the suffixes of such types. */
const APPLICATIONS =
  /^application\/(?:(?:x-)?javascript|json|xml|wasm|x-ndjson|ndjson|graphql|sql|rtf)$/;
const SUFFIXES = /\+(?:json|xml|text|yaml)$/;
const OTHERS: ReadonlySet<string> = new Set([
  "font/otf",
  "font/ttf",
  "image/bmp",
  "image/vnd.microsoft.icon",
  "image/x-icon",
]);
