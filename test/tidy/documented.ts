/**
 * What users can name has a doc comment: each export of an entry, and each public member of an
 * exported class or interface. A member is documented where it is declared first as well: in what
 * its class implements or extends. It knows modules by their declarations.
 *
 * @module
 */

import { type Found, Modules } from "./modules.ts";
import type { Source, Violation } from "./source.ts";

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
