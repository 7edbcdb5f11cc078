/**
 * The seed that a commit gives: so that each commit's checks look somewhere else, and the same
 * commit's checks look there again. It knows git; it knows nothing of simulation.
 *
 * @module
 */

import { execFileSync } from "node:child_process";

/** Where there is no repository, or no git. */
const FIXED_SEED = 1;

/** From 0 to 2 ** 31 - 1, so that a range of seeds from here on has room. */
export function seedOfCommit(): number {
  try {
    const hash = execFileSync("git", ["rev-parse", "HEAD"], {
      cwd: new URL("./", import.meta.url),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return seedOfHash(hash);
  } catch {
    return FIXED_SEED;
  }
}

/** The first 31 bits of a hash; of what is no hash the fixed seed. */
export function seedOfHash(hash: string): number {
  const words = /^[0-9a-f]{8}/.exec(hash)?.[0];
  return words === undefined ? FIXED_SEED : Number.parseInt(words, 16) >>> 1;
}
