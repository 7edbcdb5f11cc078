/**
 * What users can name mentions only what they can name: the type of each public member, parameter
 * and result is exported as well, so that whoever has such a value can write down what it is. What
 * is marked `@internal` is for the project's own modules, and may mention theirs. It knows modules
 * by their declarations; types of a platform are not its affair.
 *
 * @module
 */

import type { Declaration } from "./declarations.ts";
import { type Found, Modules } from "./modules.ts";
import type { Source, Violation } from "./source.ts";

/** Every type that an export of `entries` mentions, and that none of them exports. */
export function checkMentioned(
  sources: readonly Source[],
  entries: readonly string[],
): Violation[] {
  const modules = new Modules(sources);
  const isExported = new Set<Declaration>();
  const shown: { readonly found: Found; readonly names: readonly string[] }[] = [];
  for (const entry of entries) {
    for (const name of modules.exportsOf(entry)) {
      const found = modules.find(entry, name);
      if (found === null) continue;
      const { isInternal, mentions, constructorMentions } = found.declaration;
      isExported.add(found.declaration);
      if (isInternal) continue;
      const made = modules.isTypeAlone(entry, name) ? [] : constructorMentions;
      shown.push({ found, names: [...mentions, ...made] });
    }
  }
  const violations = new Map<string, Violation>();
  for (const { found: { path, declaration: { name, line } }, names } of shown) {
    for (const mention of names.flatMap((one) => namedBy(modules, path, one))) {
      const one = modules.find(path, mention);
      if (one === null || isExported.has(one.declaration)) continue;
      const message = `${name} mentions ${mention}, which no entry exports`;
      violations.set(`${path} ${message}`, { path, line, message });
    }
  }
  return [...violations.values()];
}

/** An alias that its module keeps to itself is what it stands for. */
function namedBy(modules: Modules, path: string, name: string): readonly string[] {
  const module = modules.at(path);
  const local = module?.declared.get(name);
  if (local === undefined || !local.isAlias || module!.exported.has(name)) return [name];
  return local.mentions.flatMap((one) => one === name ? [] : namedBy(modules, path, one));
}
