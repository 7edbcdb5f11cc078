/**
 * What a module declares and exports at its top, with the doc comments. It knows the parser's tree
 * and hides it; it knows no rule.
 *
 * @module
 */

import { parse } from "@babel/parser";
import type { Source } from "./source.ts";

/** A name that a module declares. */
export interface Declaration extends Documented {
  /** The members of a class or an interface that anybody may use; none for anything else. */
  readonly members: readonly Documented[];
  /** What a class or an interface extends or implements. */
  readonly heritage: readonly string[];
}

export interface Documented {
  readonly name: string;
  readonly line: number;
  readonly documented: boolean;
}

/** A name of another module. */
export interface Reference {
  readonly specifier: string;
  readonly name: string;
}

export interface Declarations {
  readonly declared: ReadonlyMap<string, Declaration>;
  /** Imported names by what they are called here. */
  readonly imported: ReadonlyMap<string, Reference>;
  /** Exported names: of another module, or by what they are called here. */
  readonly exported: ReadonlyMap<string, Reference | string>;
  /** Modules of which everything is exported. */
  readonly passedOn: readonly string[];
}

/** A node as the walk sees it: the parser's node types are a package of their own. */
interface AnyNode {
  readonly type: string;
  readonly start: number;
  readonly loc: { readonly start: { readonly line: number } };
  readonly [key: string]: unknown;
}

interface Collector {
  readonly declared: Map<string, Declaration>;
  readonly imported: Map<string, Reference>;
  readonly exported: Map<string, Reference | string>;
  readonly passedOn: string[];
}

const cache = new WeakMap<Source, Declarations>();

/** Reads a TypeScript module, once for each `Source`. Throws on a syntax error. */
export function declarationsOf(source: Source): Declarations {
  let declarations = cache.get(source);
  if (declarations === undefined) {
    declarations = readDeclarations(source.text);
    cache.set(source, declarations);
  }
  return declarations;
}

function readDeclarations(text: string): Declarations {
  const file = parse(text, { sourceType: "module", plugins: ["typescript"] });
  const docEnds = (file.comments ?? [])
    .filter(({ type, value }) => type === "CommentBlock" && /^\*(?![^]*@module)/.test(value))
    .map(({ end }) => end ?? 0);
  // A comment for a tool may stand between the two.
  const between = (end: number, start: number) => text.slice(end, start).replace(/\/\/.*$/gm, "");
  const isDocumented = (node: AnyNode) =>
    docEnds.some((end) => end <= node.start && between(end, node.start).trim() === "");
  const into: Collector = {
    declared: new Map(),
    imported: new Map(),
    exported: new Map(),
    passedOn: [],
  };
  for (const statement of file.program.body as unknown as AnyNode[]) {
    readStatement(statement, into, isDocumented);
  }
  return into;
}

function readStatement(
  statement: AnyNode,
  into: Collector,
  isDocumented: (node: AnyNode) => boolean,
): void {
  const from = statement["source"] as { readonly value: string } | null | undefined;
  const specifiers = (statement["specifiers"] ?? []) as AnyNode[];
  if (statement.type === "ImportDeclaration") {
    for (const one of specifiers) {
      const name = nameOf(one["imported"]) || "*";
      into.imported.set(nameOf(one["local"]), { specifier: from!.value, name });
    }
    return;
  }
  if (statement.type === "ExportAllDeclaration") into.passedOn.push(from!.value);
  for (const one of specifiers) {
    const local = nameOf(one["local"]);
    const is = from ? { specifier: from.value, name: local } : local;
    into.exported.set(nameOf(one["exported"]), is);
  }
  const isExport = statement.type === "ExportNamedDeclaration";
  const node = isExport ? statement["declaration"] as AnyNode | null : statement;
  if (node === null) return;
  const documented = isDocumented(statement);
  for (const one of (node["declarations"] ?? [node]) as AnyNode[]) {
    const name = nameOf(one["id"]);
    if (name === "") continue;
    into.declared.set(name, {
      name,
      line: one.loc.start.line,
      documented,
      members: membersOf(one, isDocumented),
      heritage: heritageOf(one),
    });
    if (isExport) into.exported.set(name, name);
  }
}

/** Without what is private, what overrides, and what has no name of its own. */
function membersOf(node: AnyNode, isDocumented: (node: AnyNode) => boolean): Documented[] {
  const body = node["body"] as AnyNode | undefined;
  const shape = node.type === "TSTypeAliasDeclaration" ? node["typeAnnotation"] as AnyNode : body;
  const members = (shape?.["body"] ?? shape?.["members"] ?? []) as AnyNode[];
  if (!Array.isArray(members) || !/^(Class|TSInterface|TSTypeAlias)/.test(node.type)) return [];
  const found: Documented[] = [];
  for (const member of members) {
    const { type, computed, accessibility, override, kind } = member as AnyNode & {
      readonly [key: string]: string | boolean | undefined;
    };
    if (!/^(ClassMethod|ClassProperty|TSDeclareMethod|TS\w+Signature)$/.test(type)) continue;
    if (accessibility === "private" || accessibility === "protected") continue;
    if (computed === true || override === true || kind === "constructor") continue;
    const name = nameOf(member["key"]);
    // The two of an accessor, and all of an overload, are one.
    if (name === "" || found.some((one) => one.name === name)) continue;
    found.push({ name, line: member.loc.start.line, documented: isDocumented(member) });
  }
  return found;
}

function heritageOf(node: AnyNode): string[] {
  const parents = [...(node["implements"] ?? []) as AnyNode[]];
  if (Array.isArray(node["extends"])) parents.push(...node["extends"] as AnyNode[]);
  const names = parents.map((one) => nameOf(one["expression"]));
  return [...names, nameOf(node["superClass"])].filter((name) => name !== "");
}

function nameOf(node: unknown): string {
  const { type, name, value } = (node ?? {}) as { type?: string; name?: string; value?: string };
  if (type === "Identifier") return name!;
  return type === "StringLiteral" ? value! : "";
}
