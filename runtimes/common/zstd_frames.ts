/**
 * Where the frames of a Zstandard stream end (RFC 8878 §3.1). It follows headers and sizes, and
 * refuses to know what is in a block: that is the decoder's. It is needed since the decoders of
 * Deno 2.9 and Bun 1.4 do not say whether their input ended between two frames or within one.
 *
 * @module
 */

export class ZstdFrames {
  /** True exactly when the bytes so far end behind a frame, and there is one. */
  isWhole = false;
  #state: State = "magic";
  /** Bytes of the current element that are to come. */
  #left = 4;
  /** The current element's bytes, the lowest first, as far as they matter. */
  #value = 0;
  #shift = 0;
  #hasChecksum = false;
  #isLastBlock = false;

  /** The stream goes on with `bytes[pos … end)`, which the decoder took without a fault. */
  take(bytes: Uint8Array, pos: number, end: number): void {
    while (pos < end) {
      this.isWhole = false;
      if (this.#state === "skip" || this.#state === "block") {
        const some = Math.min(this.#left, end - pos);
        pos += some;
        this.#left -= some;
      } else {
        if (this.#shift < 32) this.#value += bytes[pos]! * 2 ** this.#shift;
        this.#shift += 8;
        this.#left--;
        pos++;
      }
      // An element may have no bytes: a block of none, a header without optional fields.
      while (this.#left === 0 && !this.isWhole) this.#next();
    }
  }

  /** An element is complete. */
  #next(): void {
    const value = this.#value;
    switch (this.#state) {
      case "magic":
        if (value === FRAME) this.#expect("descriptor", 1);
        else this.#expect("skipSize", 4);
        return;
      case "skipSize":
        this.#expect("skip", value);
        return;
      case "descriptor":
        this.#hasChecksum = (value & 4) !== 0;
        this.#expect("header", headerBytes(value));
        return;
      case "header":
        this.#expect("blockHeader", 3);
        return;
      case "blockHeader": {
        this.#isLastBlock = (value & 1) !== 0;
        const isRepeated = (value >> 1 & 3) === 1;
        this.#expect("block", isRepeated ? 1 : value >> 3);
        return;
      }
      case "block":
        if (!this.#isLastBlock) this.#expect("blockHeader", 3);
        else if (this.#hasChecksum) this.#expect("checksum", 4);
        else this.#frameEnds();
        return;
      default:
        this.#frameEnds();
    }
  }

  #expect(state: State, bytes: number): void {
    this.#state = state;
    this.#left = bytes;
    this.#value = this.#shift = 0;
  }

  #frameEnds(): void {
    this.#expect("magic", 4);
    this.isWhole = true;
  }
}

type State =
  | "magic"
  | "skipSize"
  | "skip"
  | "descriptor"
  | "header"
  | "blockHeader"
  | "block"
  | "checksum";

const FRAME = 0xfd2fb528;

/** Window, dictionary and content size, by the frame's descriptor (RFC 8878 §3.1.1.1). */
function headerBytes(descriptor: number): number {
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const dictionaryBytes = DICTIONARY_BYTES[descriptor & 3]!;
  return (isSingleSegment ? 0 : 1) + dictionaryBytes + sizeBytes;
}

const DICTIONARY_BYTES = [0, 1, 2, 4];
