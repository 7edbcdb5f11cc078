/**
 * A file of the size that the benchmark of this field has had since 2008: noise, the same at each
 * start.
 *
 * @module
 */

import type { Entry } from "./entry.ts";

const SEED_BYTES = 3_831_150;
const SEED = 0x51f1ce;

const bytes = makeNoise(SEED_BYTES, SEED);

export const seed: Entry = {
  method: "GET",
  example: "/seed.mp3",
  title: "One large body",
  look: "A download of 3,831,150 bytes from memory, with their length; the same noise at each " +
    "start, and nothing to listen to.",
  curl: "-o seed.mp3 $URL",
  routes: (app) =>
    app.get("/seed.mp3", (c) =>
      c.body(bytes, 200, {
        "content-type": "audio/mpeg",
        "content-length": String(bytes.length),
        // What plays audio would only find noise.
        "content-disposition": 'attachment; filename="seed.mp3"',
      })),
};

/** Marsaglia's xorshift with the shifts 13, 17, 5: the low byte of each state. */
function makeNoise(size: number, start: number): Uint8Array<ArrayBuffer> {
  const noise = new Uint8Array(size);
  let state = start;
  for (let i = 0; i < size; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    noise[i] = state;
  }
  return noise;
}
