/**
 * Loads the packages that are installed in this directory, by name. It stands here because a bare
 * specifier is looked up from the file that imports it. The specifier is no literal, so that the
 * tree type-checks where the packages are not installed.
 *
 * @module
 */

export async function peer<T>(name: string): Promise<T> {
  return await import(name) as T;
}
