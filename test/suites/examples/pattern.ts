/**
 * The pattern of the streaming examples: byte i is i mod 251.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

const PERIOD = 251;

/** Reads a response to its end, and checks each byte. Answers how many there were. */
export async function readPattern(response: Response): Promise<number> {
  let size = 0;
  for await (const bytes of response.body ?? []) {
    const wrong = bytes.findIndex((byte, i) => byte !== (size + i) % PERIOD);
    assertEquals(wrong, -1, `byte ${size + wrong} is not its number modulo ${PERIOD}`);
    size += bytes.length;
  }
  return size;
}
