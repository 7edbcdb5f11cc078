/**
 * What users can name has a doc comment: each export of an entry, and each public member of an
 * exported class or interface. A member is documented where it is declared first as well: in what
 * its class implements or extends. It knows modules by their declarations.
 *
 * @module
 */

import {
  type Declaration,
  type Declarations,
  declarationsOf,
  type Reference,
} from "./declarations.ts";
import { resolve } from "./layers.ts";
import type { Source, Violation } from "./source.ts";

/** A declaration, and the module in which it stands. */
interface Found {
  readonly path: string;
  readonly declaration: Declaration;
}

/** Every export of `entries`, and every public member of one, that has no doc comment. */
export function checkDocumented(
  sources: readonly Source[],
  entries: readonly string[],
): Violation[] {
  const modules = new Modules(sources);
  const found = new Map<string, Violation>();
  for (const entry of entries) {
    for (const name of modules.exportsOf(entry)) {
      const one = modules.find(entry, name);
      if (one === null) {
        const message = `exports ${name}, which is declared nowhere`;
        found.set(`${entry} ${name}`, { path: entry, line: 0, message });
        continue;
      }
      for (const violation of undocumented(modules, one)) {
        found.set(`${violation.path} ${violation.message}`, violation);
      }
    }
  }
  return [...found.values()];
}

function undocumented(modules: Modules, { path, declaration }: Found): Violation[] {
  const found: Violation[] = [];
  const { name, line, documented, members } = declaration;
  if (!documented) found.push({ path, line, message: `${name} has no doc comment` });
  for (const member of members) {
    if (modules.hasDoc({ path, declaration }, member.name)) continue;
    const message = `${name}.${member.name} has no doc comment`;
    found.push({ path, line: member.line, message });
  }
  return found;
}

class Modules {
  readonly #sources: ReadonlyMap<string, Source>;

  constructor(sources: readonly Source[]) {
    this.#sources = new Map(sources.map((source) => [source.path, source]));
  }

  at(path: string): Declarations | null {
    const source = this.#sources.get(path);
    return source === undefined ? null : declarationsOf(source);
  }

  exportsOf(path: string): string[] {
    const module = this.at(path);
    if (module === null) return [];
    const passedOn = module.passedOn.flatMap((specifier) =>
      this.exportsOf(resolve(path, specifier) ?? "")
    );
    return [...module.exported.keys(), ...passedOn];
  }

  /** What the module at `path` exports as, or calls, `name`. */
  find(path: string, name: string): Found | null {
    const module = this.at(path);
    if (module === null) return null;
    const exported = module.exported.get(name);
    const local = typeof exported === "string" ? exported : name;
    const declaration = module.declared.get(local);
    if (declaration !== undefined) return { path, declaration };
    const elsewhere = typeof exported === "object" ? exported : module.imported.get(local);
    const places: readonly Reference[] = elsewhere === undefined
      ? module.passedOn.map((specifier) => ({ specifier, name }))
      : [elsewhere];
    for (const place of places) {
      const found = this.find(resolve(path, place.specifier) ?? "", place.name);
      if (found !== null) return found;
    }
    return null;
  }

  /** Whether a member has a doc comment there, or in what `declaration` implements or extends. */
  hasDoc({ path, declaration }: Found, member: string): boolean {
    if (declaration.members.some(({ name, documented }) => name === member && documented)) {
      return true;
    }
    return declaration.heritage.some((parent) => {
      const above = this.find(path, parent);
      return above !== null && this.hasDoc(above, member);
    });
  }
}
