/**
 * Bytes that came in pieces and were not taken yet. It knows their order, and nothing of where they
 * come from.
 *
 * @module
 */

export class Pieces {
  #pieces: Uint8Array[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Keeps a copy of what an event brings: its memory is the platform's again behind it. */
  push(bytes: Uint8Array): void {
    // Not `slice`: a platform's own class of bytes may have one that does not copy.
    this.#pieces.push(new Uint8Array(bytes));
  }

  /** The next of it, `bytesMax` bytes at most; null when there is none. */
  take(bytesMax: number): Uint8Array | null {
    const piece = this.#pieces[0];
    if (piece === undefined) return null;
    if (piece.length > bytesMax) {
      this.#pieces[0] = piece.subarray(bytesMax);
      return piece.subarray(0, bytesMax);
    }
    this.#pieces.shift();
    return piece;
  }

  /** All of it as one. */
  takeAll(): Uint8Array {
    const all = joined(this.#pieces);
    this.#pieces = [];
    return all;
  }
}

/** A copy of `pieces` as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
