/**
 * The modules of the tree, and where a name that one of them exports, or uses, is declared. It
 * knows modules by their declarations, and no rule.
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
import type { Source } from "./source.ts";

/** A declaration, and the module in which it stands. */
export interface Found {
  readonly path: string;
  readonly declaration: Declaration;
}

export class Modules {
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

  /** Whether the module at `path` exports `name` as a type alone, so that nobody constructs it. */
  isTypeAlone(path: string, name: string): boolean {
    const module = this.at(path);
    if (module === null) return false;
    return module.exportedTypes.has(name) ||
      module.passedOn.some((one) => this.isTypeAlone(resolve(path, one) ?? "", name));
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
