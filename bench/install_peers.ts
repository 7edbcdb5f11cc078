/**
 * The packages of the benchmark: whether the pinned versions are installed beside it, and
 * installing them as the lock file says. The project itself has no dependencies, so these are
 * installed by the benchmark alone.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The pinned versions, by package. */
export type PeerVersions = Readonly<Record<string, string>>;

/** Installs what is missing, and answers the versions. */
export function installPeers(): PeerVersions {
  const wanted = (readJson("peers/package.json") as { dependencies: PeerVersions }).dependencies;
  if (!Object.entries(wanted).every(([name, version]) => versionOf(name) === version)) {
    const directory = fileURLToPath(new URL("peers/", import.meta.url));
    const args = ["ci", "--prefix", directory, "--no-audit", "--no-fund"];
    const { status, error } = spawnSync("npm", args, {
      stdio: ["ignore", 2, 2],
    });
    if (status !== 0) {
      throw new Error("the benchmark's packages could not be installed", {
        cause: error,
      });
    }
  }
  return wanted;
}

function versionOf(name: string): string | undefined {
  const path = `peers/node_modules/${name}/package.json`;
  if (!existsSync(new URL(path, import.meta.url))) return undefined;
  return (readJson(path) as { version: string }).version;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
}
