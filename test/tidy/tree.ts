/**
 * The files of the work tree: those that git tracks and those that it would. Knows git and the
 * disk; knows no rule.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Source } from "./source.ts";

/** The root of the work tree, with a slash at its end. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const BINARY = /\.(png|jpe?g|gif|ico|mp3|gz|zip|woff2?|wasm)$/;

/** Every text file of the tree, sorted by path. */
export function readTree(): Source[] {
  const list = execFileSync(
    "git",
    ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
    { cwd: ROOT, encoding: "utf8" },
  );
  return list.split("\0")
    .filter((path) => path !== "" && !BINARY.test(path) && isFile(ROOT + path))
    .sort()
    .map((path) => ({ path, text: readFileSync(ROOT + path, "utf8") }));
}

/** A tracked file may be deleted in the work tree, and a link to a folder is listed like a file. */
function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
