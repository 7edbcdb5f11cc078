/**
 * The contract of compression: streams of bytes into shorter ones and back. Types and prose only.
 * It knows the content codings of RFC 9110 §8.4.1 by their names; it knows no header field and
 * keeps no bytes.
 *
 * A step is a plain call: it takes what it can from one array, puts what it has into another, and
 * returns. So it needs no event, the same calls give the same bytes on one runtime, and whoever
 * calls decides how much happens in a turn. A step over a few kilobytes takes less time than the
 * way to a thread and back.
 *
 * @module
 */

/** A content coding: `deflate` is that of RFC 9110 §8.4.1.2, with the zlib wrapper. */
export type Coding = "gzip" | "deflate" | "br" | "zstd";

/**
 * What a step is to do beside taking bytes.
 *
 * - `write`: nothing; output may be kept back for the sake of its size.
 * - `flush`: all that was given so far can be decoded from what was put out so far (a sync flush).
 * - `end`: completes the stream. A decoder says by it that no more input will come.
 */
export type CodecMode = "write" | "flush" | "end";

/**
 * How a step went.
 *
 * - `more`: the input was taken, and all output that is due for it is here.
 * - `full`: the output has no room left. Call again with the rest, the same mode and new room.
 * - `done`: the stream is complete. Of a decoder: input that is left belongs to nobody yet.
 * - `bad`: it cannot go on; `fault` says why. Every later step answers the same.
 */
export type CodecStep = "more" | "full" | "done" | "bad";

/**
 * Why a decoder cannot go on.
 *
 * - `corrupt`: the bytes are not of this coding, or bytes follow its end.
 * - `truncated`: the input ended before the stream did.
 * - `window`: it wants more memory than a decoder may have (RFC 9659: 8 MiB).
 */
export type CodecFault = "corrupt" | "truncated" | "window";

/** One stream on its way. It holds memory outside of the heap until `close`. */
export interface Codec {
  /** What it encodes or decodes. */
  readonly coding: Coding;
  /** How many bytes of the input the last step took. */
  readonly taken: number;
  /** How many bytes the last step put out. */
  readonly made: number;
  /** Why the last step answered `bad`; null as long as none did. */
  readonly fault: CodecFault | null;
  /**
   * Takes from `input[pos … end)` and writes to the whole of `output`, at least
   * `CODEC_OUTPUT_BYTES_MIN` long. Both arrays stay the caller's: nothing of them is kept, and
   * neither may be memory that another thread writes. One step never writes more than `output`, so
   * whatever the input expands to, the caller has it in pieces of the size that it chose.
   *
   * @throws {TypeError} after `close`, after `done`, and for an output that is too short; and an
   *   `Error` when the process has no memory for it, or it fails in another way that is not its
   *   input's fault. Nobody steps it again then.
   */
  step(
    input: Uint8Array,
    pos: number,
    end: number,
    output: Uint8Array,
    mode: CodecMode,
  ): CodecStep;
  /** Frees its memory, whatever its state. Again: does nothing. */
  close(): void;
}

/** How an encoder is made. */
export interface EncoderOptions {
  /**
   * How hard it tries, on the coding's own scale: 0–9 for `gzip` and `deflate` (default 6), 0–11
   * for `br` (default 4), 1–19 for `zstd` (default 3).
   */
  readonly level?: number;
}

/** Compression and decompression. */
export interface Codecs {
  /** The codings that this runtime has. */
  readonly codings: readonly Coding[];
  /**
   * A stream that compresses; null when the runtime does not have the coding.
   *
   * @throws {RangeError} for a level that the coding does not have.
   */
  encoder(coding: Coding, options?: EncoderOptions): Codec | null;
  /**
   * A stream that decompresses; null when the runtime does not have the coding. Of `gzip` and
   * `zstd` several streams in a row are one (RFC 1952 §2.2, RFC 8878 §3.1).
   */
  decoder(coding: Coding): Codec | null;
}

/**
 * What a decoder needs at most: its coding's largest window, and some more. Measured with the
 * largest there is: 50 to 79 KiB, 17.5 MiB for `br` and 8.4 MiB for `zstd` (Node 26.10, Deno 2.9,
 * Bun 1.4).
 */
export const DECODER_BYTES_MAX: Readonly<Record<Coding, number>> = {
  gzip: 128 * 1024,
  deflate: 128 * 1024,
  br: 18 * 1024 * 1024,
  zstd: 9 * 1024 * 1024,
};

/**
 * What an encoder needs at most at its default level. Measured with 16 MiB of input: 230 to 440 KiB
 * for `gzip`, 1.7 MiB for `br` (4.4 on Deno), 3.1 for `zstd`. Higher levels need more: up to 12 MiB
 * for `br` and 84 for `zstd`.
 */
export const ENCODER_BYTES_MAX: Readonly<Record<Coding, number>> = {
  gzip: 512 * 1024,
  deflate: 512 * 1024,
  br: 5 * 1024 * 1024,
  zstd: 4 * 1024 * 1024,
};

/** Room for the longest mark that a flush may have to repeat when it does not fit. */
export const CODEC_OUTPUT_BYTES_MIN = 64;
