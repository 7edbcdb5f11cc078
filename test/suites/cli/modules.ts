/**
 * Modules for the command to serve, good and broken, in a folder of their own that goes with the
 * test's process: what is broken cannot lie in the tree.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../tidy/tree.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-cli-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const core = pathToFileURL(`${ROOT}core/mod.ts`).href;

const serve = pathToFileURL(`${ROOT}runtimes/serve.ts`).href;

/** Writes a module and answers its path. In the text `$CORE` and `$SERVE` are modules. */
export function writeModule(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text.replaceAll("$CORE", core).replaceAll("$SERVE", serve));
  return path;
}
