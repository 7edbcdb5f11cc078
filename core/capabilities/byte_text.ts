/**
 * The contract of reading text out of bytes: what a runtime may have that is quicker than what the
 * core can do by itself. Types and prose only.
 *
 * The core's own way is a view of the bytes and a `TextDecoder`: 70 to 90 ns for a short head. On
 * Bun 1.4 the view costs more than that: the bytes of an event are in the heap, and a view of them
 * moves them out of it, 2.7 KB of garbage for each request.
 *
 * @module
 */

/**
 * The text of `bytes[from … to)`, one character for each byte: byte n is U+00nn. `isAscii` says
 * that the caller knows all of them to be below 0x80.
 */
export type ByteText = (bytes: Uint8Array, from: number, to: number, isAscii: boolean) => string;
