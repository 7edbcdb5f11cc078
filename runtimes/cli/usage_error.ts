/**
 * What the person at the command line can put right. It knows its own text and nothing of who
 * prints it, as one line, before the command ends with exit code 2.
 *
 * @module
 */

export class UsageError extends Error {
  override name = "UsageError";
}
