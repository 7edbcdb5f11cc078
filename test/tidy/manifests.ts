/**
 * The manifests must say the same: versions, exports and paths in package.json, deno.json,
 * tsconfig.json and the lock file. Knows their shapes; reads them from the text given.
 *
 * @module
 */

import type { Source, Violation } from "./source.ts";

interface PackageJson {
  readonly version?: string;
  readonly exports?: { readonly [name: string]: string | { readonly default?: string } };
  readonly bin?: { readonly [name: string]: string };
  readonly scripts?: { readonly [name: string]: string };
  readonly dependencies?: { readonly [name: string]: string };
  readonly devDependencies?: { readonly [name: string]: string };
}

interface DenoJson {
  readonly version?: string;
  readonly exports?: { readonly [name: string]: string };
}

/** Whether the manifests among `sources` agree with each other and with the tree. */
export function checkManifests(sources: readonly Source[]): Violation[] {
  const text = (path: string) => sources.find((source) => source.path === path)?.text;
  const found: Violation[] = [];
  const say = (path: string, message: string) => found.push({ path, line: 0, message });
  const npm = readJson<PackageJson>(text("package.json"));
  const deno = readJson<DenoJson>(text("deno.json"));
  const lock = readJson<PackageJson>(text("package-lock.json"));
  const version = npm.version ?? "(none)";
  if (!/^\d+\.\d+\.\d+/.test(version)) say("package.json", `version ${version} is none`);
  if (deno.version !== version) say("deno.json", `version is not package.json's ${version}`);
  if (lock.version !== version) say("package-lock.json", `version is not ${version}`);
  const newest = /^## (\d+\.\d+\.\d+)/m.exec(text("CHANGELOG.md") ?? "")?.[1];
  if (newest !== version) say("CHANGELOG.md", `the newest version is not ${version}`);
  for (const source of sources) {
    const own = /^(?:export )?const VERSION(?:: string)? = "([^"]*)"/m.exec(source.text)?.[1];
    if (own !== undefined && own !== version) say(source.path, `VERSION is not ${version}`);
  }
  for (const [name, script] of Object.entries(npm.scripts ?? {})) {
    for (const path of script.match(/[\w/]+\.ts\b/g) ?? []) {
      if (text(path) === undefined) say("package.json", `script ${name} runs ${path}: not there`);
    }
  }
  const packages = { ...npm.dependencies, ...npm.devDependencies };
  for (const [name, range] of Object.entries(packages)) {
    if (!/^(\d+\.\d+\.\d+[\w.-]*|file:.*)$/.test(range)) {
      say("package.json", `${name} is not pinned: ${range}`);
    }
  }
  found.push(...checkExports(npm, deno, sources));
  return found;
}

/** Each npm export is the build of a Deno export, and each is a file. */
function checkExports(
  npm: PackageJson,
  deno: DenoJson,
  sources: readonly Source[],
): Violation[] {
  const found: Violation[] = [];
  const fromNpm = new Map<string, string>();
  for (const [name, target] of Object.entries(npm.exports ?? {})) {
    const built = typeof target === "string" ? target : target.default ?? "";
    if (built.startsWith("./dist/")) fromNpm.set(name, sourceOfBuilt(built));
  }
  const fromDeno = new Map(
    Object.entries(deno.exports ?? {}).map(([name, target]) => [name, target.replace("./", "")]),
  );
  for (const name of new Set([...fromNpm.keys(), ...fromDeno.keys()])) {
    const target = fromNpm.get(name);
    if (target !== fromDeno.get(name)) {
      const message = `export "${name}" is ${target ?? "missing"} here and ` +
        `${fromDeno.get(name) ?? "missing"} in deno.json`;
      found.push({ path: "package.json", line: 0, message });
    } else if (!sources.some((source) => source.path === target)) {
      found.push({ path: "package.json", line: 0, message: `export "${name}" has no ${target}` });
    }
  }
  return found;
}

/** The files that users enter by: exports and commands of package.json, as sources. */
export function entriesOf(packageJson: string): string[] {
  const npm = readJson<PackageJson>(packageJson);
  const exported = Object.values(npm.exports ?? {}).map((target) =>
    typeof target === "string" ? target : target.default ?? ""
  );
  return [...exported, ...Object.values(npm.bin ?? {})]
    .filter((path) => path.startsWith("./dist/"))
    .map(sourceOfBuilt);
}

function sourceOfBuilt(path: string): string {
  return path.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts");
}

function readJson<T>(text: string | undefined): T {
  return JSON.parse(text ?? "{}") as T;
}
