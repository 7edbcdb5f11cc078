/**
 * Makes an input shorter while it still fails: takes pieces away, large ones first. It knows bytes;
 * what a failure is, its caller says.
 *
 * @module
 */

export async function shrinkInput(
  input: Uint8Array,
  fails: (input: Uint8Array) => Promise<boolean>,
  runsMax: number,
): Promise<Uint8Array> {
  let best = input;
  let runs = 0;
  for (let size = best.length >> 1; size >= 1 && runs < runsMax; size >>= 1) {
    for (let at = 0; at < best.length && runs < runsMax;) {
      const shorter = new Uint8Array([...best.subarray(0, at), ...best.subarray(at + size)]);
      runs++;
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}
