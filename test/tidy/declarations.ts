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
  /** The names of types in what others see of it: no bodies, and nothing private or internal. */
  readonly mentions: readonly string[];
  /** The same of a class's constructor: for those who may call it. */
  readonly constructorMentions: readonly string[];
  /** True exactly when it is marked `@internal`. */
  readonly isInternal: boolean;
  /** True exactly when it only gives another type a name. */
  readonly isAlias: boolean;
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
  /** Those of them that are exported as types alone: nobody can construct them. */
  readonly exportedTypes: ReadonlySet<string>;
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

/** What the comments of a module say of its nodes. */
interface Comments {
  /** True exactly when a doc comment stands above. */
  isDocumented(node: AnyNode): boolean;
  /** True exactly when that one says `@internal`: for the project's own modules alone. */
  isInternal(node: AnyNode): boolean;
}

interface Collector {
  readonly declared: Map<string, Declaration>;
  readonly imported: Map<string, Reference>;
  readonly exported: Map<string, Reference | string>;
  readonly exportedTypes: Set<string>;
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
  const docs = (file.comments ?? [])
    .filter(({ type, value }) => type === "CommentBlock" && /^\*(?![^]*@module)/.test(value))
    .map(({ end, value }) => ({ end: end ?? 0, value }));
  // A comment for a tool may stand between the two.
  const between = (end: number, start: number) => text.slice(end, start).replace(/\/\/.*$/gm, "");
  const docOf = (node: AnyNode) =>
    docs.find(({ end }) => end <= node.start && between(end, node.start).trim() === "")?.value;
  const comments: Comments = {
    isDocumented: (node) => docOf(node) !== undefined,
    isInternal: (node) => docOf(node)?.includes("@internal") === true,
  };
  const into: Collector = {
    declared: new Map(),
    imported: new Map(),
    exported: new Map(),
    exportedTypes: new Set(),
    passedOn: [],
  };
  for (const statement of file.program.body as unknown as AnyNode[]) {
    readStatement(statement, into, comments);
  }
  return into;
}

function readStatement(
  statement: AnyNode,
  into: Collector,
  comments: Comments,
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
    if (statement["exportKind"] === "type" || one["exportKind"] === "type") {
      into.exportedTypes.add(nameOf(one["exported"]));
    }
  }
  const isExport = statement.type === "ExportNamedDeclaration";
  const node = isExport ? statement["declaration"] as AnyNode | null : statement;
  if (node === null) return;
  const documented = comments.isDocumented(statement);
  for (const one of (node["declarations"] ?? [node]) as AnyNode[]) {
    const name = nameOf(one["id"]);
    if (name === "") continue;
    into.declared.set(name, {
      name,
      line: one.loc.start.line,
      documented,
      members: membersOf(one, comments.isDocumented),
      heritage: heritageOf(one),
      ...mentionsOf(one, comments.isInternal),
      isInternal: comments.isInternal(statement),
      isAlias: node.type === "TSTypeAliasDeclaration",
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

type Mentions = Pick<Declaration, "mentions" | "constructorMentions">;

function mentionsOf(node: AnyNode, isInternal: (node: AnyNode) => boolean): Mentions {
  // What a class implements is in its members already.
  const mentions = new Set<string>([nameOf(node["superClass"])]);
  const constructorMentions = new Set<string>();
  const parameters = new Set<string>([""]);
  const visit = (value: unknown, names: Set<string>): void => {
    if (Array.isArray(value)) return value.forEach((one) => visit(one, names));
    if (typeof value !== "object" || value === null) return;
    const one = value as AnyNode;
    if (isHidden(one) || /^(Class|TSDeclareMethod)|Signature$/.test(one.type) && isInternal(one)) {
      return;
    }
    if (one.type === "TSTypeParameter") parameters.add(nameOf(one["name"]) || String(one["name"]));
    names.add(nameOf(one[NAMED[one.type] ?? ""]));
    // Without a type of its own, what is made of a class is of that class.
    const made = (one["value"] ?? one["init"]) as AnyNode | null | undefined;
    if (made?.type === "NewExpression") names.add(nameOf(made["callee"]));
    const into = one["kind"] === "constructor" ? constructorMentions : names;
    for (const [key, child] of Object.entries(one)) {
      if (!NO_TYPES.includes(key)) visit(child, into);
    }
  };
  visit(node, mentions);
  const listOf = (names: Set<string>) => [...names].filter((name) => !parameters.has(name));
  return { mentions: listOf(mentions), constructorMentions: listOf(constructorMentions) };
}

/** The nodes that name a type, and where. */
const NAMED: { readonly [type: string]: string } = {
  TSTypeReference: "typeName",
  TSTypeQuery: "exprName",
  TSInterfaceHeritage: "expression",
};

/** Parts of a declaration that others do not see, or that are no types. */
const NO_TYPES = ["key", "value", "init", "right", "loc", "superClass", "implements"];

function isHidden({ type, accessibility }: AnyNode): boolean {
  return /^(BlockStatement|ClassPrivate\w+|StaticBlock)$/.test(type) || accessibility === "private";
}

function nameOf(node: unknown): string {
  const { type, name, value } = (node ?? {}) as { type?: string; name?: string; value?: string };
  if (type === "Identifier") return name!;
  return type === "StringLiteral" ? value! : "";
}
