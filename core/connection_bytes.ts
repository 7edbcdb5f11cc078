/**
 * The memory that the core holds for one connection: what it is now, and what it may be at most. It
 * knows where bytes wait; who bounds them is said in `limits.ts`, and each bound is held where the
 * bytes are.
 *
 * @module
 */

import { type Coding, DECODER_BYTES_MAX, ENCODER_BYTES_MAX } from "./capabilities/codecs.ts";
import type { Connection } from "./connection.ts";
import { CODINGS, type CompressionOptions } from "./filters/compression.ts";
import { ENCODED_BYTES_MAX } from "./filters/encoding.ts";
import { KEPT_PIECE_BYTES } from "./kept_body.ts";
import { CODING_BYTES } from "./body_coding.ts";
import { type Limits, POOL_BUF_BYTES, READ_BYTES_MAX } from "./limits.ts";

/** Memory that the core holds for bytes, in bytes. */
export interface BytesReport {
  /** Came in and waits to be taken; and heads of open requests, as text. */
  readonly input: number;
  /** Request bodies that are kept, or on their way through a decoder. */
  readonly bodies: number;
  /** Output that is queued, or waits to be encoded. */
  readonly output: number;
  /** Output buffers that the runtime has. */
  readonly lent: number;
  /** Decoders and encoders, each for as much as one of its coding may need. */
  readonly codecs: number;
}

/** What is held for `connection` now. Walks its chains: for reports and checks. */
export function bytesHeldFor(
  { inputBytes, output, request }: Pick<Connection, "inputBytes" | "output" | "request">,
): BytesReport {
  const body = request?.bodyIfAsked;
  const encoding = request?.encoding;
  return {
    input: inputBytes,
    bodies: body?.heldBytes ?? 0,
    output: output.queuedBytes + (encoding?.heldBytes ?? 0),
    lent: output.lentBytes,
    codecs: (body?.codecBytes ?? 0) + (encoding?.codecBytes ?? 0),
  };
}

/** What decodes and encodes: the options of a server by these names will do. */
export interface CodingsInUse {
  /** What is undone of request bodies. Default: nothing. */
  readonly requestCodings?: readonly Coding[];
  /** What answers are compressed with, by the server or by an application. Default: nothing. */
  readonly compression?: boolean | Pick<CompressionOptions, "codings">;
}

/**
 * How much memory the core holds for one connection at most, whatever its peer does, and whatever
 * its application does with items of at most `itemBytesMax` bytes: the sum of what `BytesReport`
 * has. Beside it stand a few kibibytes of objects, what the runtime itself reads ahead, and
 * whatever the application keeps: see `docs/limits.md`.
 *
 * - Reading stops behind the event that went past `inputBytesMax`, and one more may come. Pipelined
 *   heads were part of that input.
 * - A body is kept in `clientBodyBufferBytes` and the byte that shows that it does not fit; one
 *   that is in a file flows once more by pieces.
 * - A producer is cut off when more than `outputBytesMax` is queued: one item may have come on top
 *   of that, and one more that ends the response. The same holds before an encoder.
 * - Small items are gathered in pooled buffers, which large ones keep apart. A buffer of which one
 *   byte is used may thus stand before each item of `GATHER_BYTES_MAX`: no more than twice the
 *   bytes.
 * - The runtime is offered what is queued unless it has more than `outputBytesReady` already.
 */
export function connectionBytesMax(
  limits: Limits,
  itemBytesMax: number,
  codings: CodingsInUse = {},
): number {
  const { outputBytesMax, outputBytesReady, clientBodyBufferBytes } = limits;
  const input = Math.max(limits.inputBytesMax, limits.headBytesMax) + 2 * READ_BYTES_MAX;
  const heads = limits.headBytesMax +
    Math.min(input, limits.pipelinedRequestsMax * limits.headBytesMax);
  const bodies = Math.max(clientBodyBufferBytes + 1, KEPT_PIECE_BYTES);
  const items = outputBytesMax + 2 * itemBytesMax;
  const queued = 2 * items + POOL_BUF_BYTES;
  const lent = outputBytesReady + queued;
  const decoder = mostOf(DECODER_BYTES_MAX, codings.requestCodings ?? []);
  const encoder = mostOf(ENCODER_BYTES_MAX, encodersOf(codings.compression));
  return input + heads + bodies + queued + lent +
    (decoder === 0 ? 0 : CODING_BYTES + decoder) +
    (encoder === 0 ? 0 : items + ENCODED_BYTES_MAX + encoder);
}

function encodersOf(compression: CodingsInUse["compression"] = false): readonly Coding[] {
  if (compression === false) return [];
  return compression === true ? CODINGS : compression.codings ?? CODINGS;
}

function mostOf(sizes: Readonly<Record<Coding, number>>, codings: readonly Coding[]): number {
  return Math.max(0, ...codings.map((coding) => sizes[coding]));
}
