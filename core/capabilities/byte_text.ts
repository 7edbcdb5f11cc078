/**
 * The contract of reading text out of bytes: what a runtime may have that is quicker than what the
 * core can do by itself. Types and prose only.
 *
 * The core's own way is a view of the bytes and a `TextDecoder`: 55 to 90 ns for a short head, of
 * which the view is 15 to 25.
 *
 * @module
 */

/**
 * The text of `bytes[from … to)`, one character for each byte: byte n is U+00nn. `isAscii` says
 * that the caller knows all of them to be below 0x80.
 */
export type ByteText = (bytes: Uint8Array, from: number, to: number, isAscii: boolean) => string;
