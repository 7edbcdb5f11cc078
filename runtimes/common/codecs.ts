/**
 * Compression over `node:zlib`, which Node, Deno and Bun all have. It knows the native streams of
 * that module; it keeps no bytes and needs no event.
 *
 * The streams' public face is asynchronous, and gives output in pieces that it chooses. Each of
 * them has a handle beneath, with one synchronous call that takes from one array and fills another,
 * and leaves both counts in `_writeState`: that is what is used here. Nothing documents it, but
 * packages in wide use rest on it, and Deno restored its signature for their sake when it had
 * changed. `codecs.test.ts` says when one of the three runtimes moves.
 *
 * @module
 */

import * as zlib from "node:zlib";
import {
  type Codec,
  CODEC_OUTPUT_BYTES_MIN,
  type CodecFault,
  type CodecMode,
  type Codecs,
  type CodecStep,
  type Coding,
  type EncoderOptions,
} from "../../core/capabilities/codecs.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/** The codecs of the process: they have no state of their own. */
export function createCodecs(): Codecs {
  return codecs;
}

/** What is used of a native stream. */
interface NativeStream {
  readonly _handle: NativeHandle;
  /** What the last call left: room in the output, and bytes in the input. */
  readonly _writeState: Uint32Array;
  close(): void;
  on(event: "error", listener: () => void): unknown;
}

interface NativeHandle {
  onerror: (message: string, errno: number, code: string | undefined) => void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputPos: number,
    inputBytes: number,
    output: Uint8Array,
    outputPos: number,
    outputBytes: number,
  ): void;
}

const { constants } = zlib;

/** The numbers of the modes in a family of codings. */
type Flushes = Readonly<Record<CodecMode, number>>;

const ZLIB_FLUSHES: Flushes = {
  write: constants.Z_NO_FLUSH,
  flush: constants.Z_SYNC_FLUSH,
  end: constants.Z_FINISH,
};
const BROTLI_FLUSHES: Flushes = {
  write: constants.BROTLI_OPERATION_PROCESS,
  flush: constants.BROTLI_OPERATION_FLUSH,
  end: constants.BROTLI_OPERATION_FINISH,
};
const ZSTD_FLUSHES: Flushes = {
  write: constants.ZSTD_e_continue,
  flush: constants.ZSTD_e_flush,
  end: constants.ZSTD_e_end,
};

/** One coding of this module. */
interface Family {
  readonly flushes: Flushes;
  readonly levelMin: number;
  readonly levelMax: number;
  readonly levelDefault: number;
  encoder(level: number): unknown;
  decoder(): unknown;
}

/** The streams' own buffers are never used. */
const chunkSize = 64;
/**
 * Half a mebibyte, as nginx's Brotli module has it by default: an encoder of Brotli's own default
 * of 4 MiB takes many times more memory, for a response that is seldom as long.
 */
const BROTLI_WINDOW_LOG = 19;
/** RFC 9659 §3: what whoever decodes a content coding need not exceed. */
const ZSTD_WINDOW_LOG_MAX = 23;

/** What the two codings of zlib have in common. */
const ZLIB = { flushes: ZLIB_FLUSHES, levelMin: 0, levelMax: 9, levelDefault: 6 };

const FAMILIES: Readonly<Record<Coding, Family>> = {
  gzip: {
    ...ZLIB,
    encoder: (level) => zlib.createGzip({ level, chunkSize }),
    decoder: () => zlib.createGunzip({ chunkSize }),
  },
  deflate: {
    ...ZLIB,
    encoder: (level) => zlib.createDeflate({ level, chunkSize }),
    decoder: () => zlib.createInflate({ chunkSize }),
  },
  br: {
    flushes: BROTLI_FLUSHES,
    levelMin: 0,
    levelMax: 11,
    levelDefault: 4,
    encoder: (level) => {
      const params = {
        [constants.BROTLI_PARAM_QUALITY]: level,
        [constants.BROTLI_PARAM_LGWIN]: BROTLI_WINDOW_LOG,
      };
      return zlib.createBrotliCompress({ params, chunkSize });
    },
    decoder: () => zlib.createBrotliDecompress({ chunkSize }),
  },
  zstd: {
    flushes: ZSTD_FLUSHES,
    levelMin: 1,
    levelMax: 19,
    levelDefault: 3,
    encoder: (level) => {
      const params = { [constants.ZSTD_c_compressionLevel]: level };
      return zlib.createZstdCompress({ params, chunkSize });
    },
    decoder: () => {
      const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };
      return zlib.createZstdDecompress({ params, chunkSize });
    },
  },
};

/** Node has Zstandard from 22.15 on. */
const hasZstd = typeof (zlib as { createZstdDecompress?: unknown }).createZstdDecompress ===
  "function";

const codecs: Codecs = {
  codings: hasZstd ? ["gzip", "deflate", "br", "zstd"] : ["gzip", "deflate", "br"],

  encoder(coding: Coding, options: EncoderOptions = {}): Codec | null {
    if (coding === "zstd" && !hasZstd) return null;
    const family = FAMILIES[coding];
    const { level = family.levelDefault } = options;
    if (!Number.isInteger(level) || level < family.levelMin || level > family.levelMax) {
      const range = `${family.levelMin} to ${family.levelMax}`;
      throw new RangeError(`the level of ${coding} is a whole number from ${range}, not ${level}`);
    }
    return new NativeCodec(coding, family.encoder(level) as NativeStream, false);
  },

  decoder(coding: Coding): Codec | null {
    if (coding === "zstd" && !hasZstd) return null;
    return new NativeCodec(coding, FAMILIES[coding].decoder() as NativeStream, true);
  },
};

class NativeCodec implements Codec {
  readonly coding: Coding;
  taken = 0;
  made = 0;
  fault: CodecFault | null = null;
  readonly #stream: NativeStream;
  readonly #flushes: Flushes;
  readonly #decodes: boolean;
  readonly #frames: ZstdFrames | null;
  /** The runtime's words for what went wrong in the current call. */
  #failure: string | null = null;
  #done = false;
  #closed = false;

  constructor(coding: Coding, stream: NativeStream, decodes: boolean) {
    this.coding = coding;
    this.#stream = stream;
    this.#flushes = FAMILIES[coding].flushes;
    this.#decodes = decodes;
    this.#frames = decodes && coding === "zstd" ? new ZstdFrames() : null;
    stream._handle.onerror = (message, _errno, code) => this.#failure = `${message} (${code})`;
    // Deno 2.9 reports what its Zstandard finds by the stream as well.
    stream.on("error", ignore);
  }

  step(
    input: Uint8Array,
    pos: number,
    end: number,
    output: Uint8Array,
    mode: CodecMode,
  ): CodecStep {
    if (this.#closed) throw new TypeError("the codec is closed");
    if (this.#done) throw new TypeError("the codec's stream is complete");
    if (output.length < CODEC_OUTPUT_BYTES_MIN) throw new TypeError("the output is too short");
    this.taken = this.made = 0;
    if (this.fault !== null) return "bad";
    return this.#decodes
      ? this.#decode(input, pos, end, output, mode)
      : this.#encode(input, pos, end, output, mode);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.close();
  }

  #encode(
    input: Uint8Array,
    pos: number,
    end: number,
    output: Uint8Array,
    mode: CodecMode,
  ): CodecStep {
    this.#call(this.#flushes[mode], input, pos, end, output);
    if (this.#failure !== null) throw new Error(`${this.coding} failed: ${this.#failure}`);
    if (this.made === output.length) return "full";
    if (mode !== "end") return "more";
    this.#done = true;
    return "done";
  }

  #decode(
    input: Uint8Array,
    pos: number,
    end: number,
    output: Uint8Array,
    mode: CodecMode,
  ): CodecStep {
    let taken = 0;
    let made = 0;
    do {
      // A decoder gives all that it can in every mode.
      const room = made === 0 ? output : output.subarray(made);
      this.#call(this.#flushes.flush, input, pos + taken, end, room);
      taken += this.taken;
      made += this.made;
      if (this.#failure !== null) return this.#bad(faultOf(this.coding, this.#failure));
      this.#frames?.take(input, pos + taken - this.taken, pos + taken);
      // Deno 2.9 stops behind each frame of Zstandard, and goes on with the next when it is asked.
    } while (
      this.#frames?.isWhole === true && this.taken > 0 && hasRest(pos + taken, end, made, output)
    );
    this.taken = taken;
    this.made = made;
    if (made === output.length) return "full";
    // There is room, and bytes are left: they are behind the stream, or not of it.
    if (this.taken < end - pos) return this.#bad("corrupt");
    return mode === "end" ? this.#finish() : "more";
  }

  /** All input was taken: was that the end of the stream? */
  #finish(): CodecStep {
    const { taken, made } = this;
    const isWhole = this.#isWhole();
    this.taken = taken;
    this.made = made;
    if (!isWhole) return this.#bad("truncated");
    this.#done = true;
    return "done";
  }

  /** The runtimes differ in what they say of input that ends too early; the decoder is spent. */
  #isWhole(): boolean {
    if (this.#frames !== null) return this.#frames.isWhole;
    if (this.coding === "br") {
      // Deno 2.9 never minds. But a decoder that waits for more takes it, or finds it wrong, and
      // one that is through does neither.
      this.#call(this.#flushes.flush, ONE_BYTE, 0, 1, probeOutput);
      return this.taken === 0 && this.#failure === null;
    }
    this.#call(this.#flushes.end, NOTHING, 0, 0, probeOutput);
    return this.#failure === null;
  }

  #bad(fault: CodecFault): CodecStep {
    this.fault = fault;
    return "bad";
  }

  #call(flush: number, input: Uint8Array, pos: number, end: number, output: Uint8Array): void {
    this.#failure = null;
    const { _handle, _writeState } = this.#stream;
    // Where a call fails, Deno 2.9 leaves the counts of the one before.
    _writeState[0] = output.length;
    _writeState[1] = end - pos;
    try {
      _handle.writeSync(flush, input, pos, end - pos, output, 0, output.length);
    } catch (error) {
      // Deno 2.9 throws what its Zstandard finds.
      this.#failure = String(error);
    }
    this.made = output.length - _writeState[0]!;
    this.taken = end - pos - _writeState[1]!;
  }
}

function ignore(): void {}

/** True exactly when there are input to take and room for what comes of it. */
function hasRest(pos: number, end: number, made: number, output: Uint8Array): boolean {
  return pos < end && made < output.length;
}

/**
 * In the words of zlib, Brotli and Zstandard, which are the same on every runtime.
 *
 * @throws when the process has no memory left: that is not the stream's fault.
 */
function faultOf(coding: Coding, failure: string): CodecFault {
  if (/requires too much memory|windowTooLarge/i.test(failure)) return "window";
  if (/memory|alloc|Z_MEM/i.test(failure)) throw new Error(`${coding} failed: ${failure}`);
  return "corrupt";
}

const NOTHING = new Uint8Array(0);
const probeOutput = new Uint8Array(CODEC_OUTPUT_BYTES_MIN);

const ONE_BYTE = new Uint8Array(1);
