/**
 * The contract of whole bodies: what a runtime may know of its platform's own `Response`s beyond
 * the Fetch standard. Types and prose only. It knows nothing of how an answer is sent.
 *
 * By the standard every body is a stream to whoever stands outside of the platform, those that were
 * made of a string too, and reading a stream takes several promises: 2 to 3 µs on Deno and Bun,
 * several times what the core takes for all the rest. A platform keeps such a body as it was given.
 *
 * @module
 */

/**
 * A runtime that cannot tell, or not without doubt, has none of this: all bodies are then read as
 * the streams that they are, and only time is lost.
 */
export interface WholeBodies {
  /**
   * The body of `response`, if it is here as a whole, nobody has used it, and it has at most
   * `sizeMax` characters or bytes. From then on the response counts as used, as after reading it.
   * Bytes are not to be written to.
   *
   * Null for anything else, and then nothing has changed: a stream was not asked for a byte.
   */
  take(response: object, sizeMax: number): string | Uint8Array | null;
  /**
   * Name in lower case and value of the one field of a response whose body was just taken. Null
   * when it has none, or several, or when its `headers` are as quick.
   */
  onlyField(response: object): readonly [name: string, value: string] | null;
}
