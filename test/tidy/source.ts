/**
 * One file of the tree as the rules see it: its text and, when a rule asks, its syntax. Knows the
 * parser's tree and hides it behind a few questions (imports, exports, functions, names, comments);
 * knows no rule.
 *
 * @module
 */

import { parse } from "@babel/parser";

/** A place where a rule does not hold. `line` counts from 1; 0 is the file as a whole. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** A file of the tree. `path` is relative to the root, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** One mention of another module. `names` is `"*"` when all of it may be used. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  readonly names: readonly string[] | "*";
}

/** A function that has a body. */
export interface FunctionSpan {
  readonly name: string;
  /** What it is passed to as an argument, if anything: `describe`. */
  readonly callee: string;
  readonly firstLine: number;
  readonly lastLine: number;
  /** Lines inside of functions that its own statements hand over: `check("…", () => { … })`. */
  readonly handedOverLines: number;
}

/** A name used as a name of its own: not as a property, a key, a label or a member. */
export interface NameUse {
  readonly name: string;
  readonly line: number;
}

/** What the rules may ask about a module. */
export interface Syntax {
  readonly imports: readonly Import[];
  readonly exports: readonly NameUse[];
  readonly functions: readonly FunctionSpan[];
  readonly names: readonly NameUse[];
  /** Calls and constructions by the text of what is called: `test.only`, `new Date`. */
  readonly calls: readonly { callee: string; argumentCount: number; line: number }[];
  readonly strings: readonly { value: string; line: number }[];
  readonly comments: readonly { text: string; line: number; block: boolean }[];
}

/** A node as the walk sees it: the parser's node types are a package of their own. */
interface AnyNode {
  readonly type: string;
  readonly loc?: { start: { line: number }; end: { line: number } };
  readonly [key: string]: unknown;
}

const cache = new WeakMap<Source, Syntax>();

/** Parses a TypeScript or JavaScript file, once for each `Source`. Throws on a syntax error. */
export function syntaxOf(source: Source): Syntax {
  let syntax = cache.get(source);
  if (syntax === undefined) {
    syntax = readSyntax(source);
    cache.set(source, syntax);
  }
  return syntax;
}

export function isCode(path: string): boolean {
  return /\.(ts|mts|cts|js|mjs|cjs)$/.test(path);
}

interface Collector {
  imports: Import[];
  exports: NameUse[];
  functions: FunctionSpan[];
  names: NameUse[];
  calls: { callee: string; argumentCount: number; line: number }[];
  strings: { value: string; line: number }[];
}

function readSyntax(source: Source): Syntax {
  const file = parse(source.text, {
    sourceType: "module",
    plugins: [["typescript", { dts: source.path.endsWith(".d.ts") }]],
    attachComment: false,
    sourceFilename: source.path,
  });
  const into: Collector = {
    imports: [],
    exports: [],
    functions: [],
    names: [],
    calls: [],
    strings: [],
  };
  walk(file.program as unknown as AnyNode, undefined, "", into);
  const comments = (file.comments ?? []).map((comment) => ({
    text: comment.value,
    line: comment.loc?.start.line ?? 0,
    block: comment.type === "CommentBlock",
  }));
  return { ...into, comments };
}

function walk(node: AnyNode, parent: AnyNode | undefined, key: string, into: Collector): void {
  visit(node, parent, key, into);
  for (const [childKey, child] of Object.entries(node)) {
    if (childKey === "loc" || childKey === "extra") continue;
    if (Array.isArray(child)) {
      for (const item of child) if (isNode(item)) walk(item, node, childKey, into);
    } else if (isNode(child)) {
      walk(child, node, childKey, into);
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null &&
    typeof (value as { type?: unknown }).type === "string";
}

function visit(node: AnyNode, parent: AnyNode | undefined, key: string, into: Collector): void {
  const line = lineOf(node);
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "ExportDefaultDeclaration":
      visitModuleStatement(node, into);
      return;
    case "CallExpression":
    case "OptionalCallExpression":
    case "NewExpression":
      visitCall(node, into);
      return;
    case "ImportExpression":
    case "TSImportType":
      visitLazyImport(node, into);
      return;
    case "StringLiteral":
      into.strings.push({ value: String(node["value"]), line });
      return;
    case "TemplateElement":
      into.strings.push({ value: (node["value"] as { cooked?: string }).cooked ?? "", line });
      return;
    case "Identifier":
      if (isOwnName(parent, key)) into.names.push({ name: nameOf(node), line });
      return;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
    case "ObjectMethod":
    case "ClassMethod":
    case "ClassPrivateMethod":
      into.functions.push({
        name: functionName(node, parent),
        callee: parent?.type === "CallExpression" ? calleeText(parent["callee"]) : "",
        firstLine: line,
        lastLine: node.loc?.end.line ?? line,
        handedOverLines: handedOverLines(node["body"]),
      });
  }
}

function handedOverLines(body: unknown): number {
  if (!isNode(body) || body.type !== "BlockStatement") return 0;
  let lines = 0;
  for (const statement of body["body"] as AnyNode[]) {
    const call = statement["expression"];
    if (!isNode(call) || call.type !== "CallExpression") continue;
    for (const one of call["arguments"] as AnyNode[]) {
      if (/Function/.test(one.type)) lines += (one.loc?.end.line ?? 0) - lineOf(one);
    }
  }
  return lines;
}

function visitModuleStatement(node: AnyNode, into: Collector): void {
  const from = node["source"];
  if (isNode(from) && from.type === "StringLiteral") {
    const specifiers = (node["specifiers"] ?? []) as AnyNode[];
    const whole = node.type === "ExportAllDeclaration" ||
      specifiers.some((one) => /Namespace/.test(one.type));
    const names = specifiers.map((one) =>
      one.type === "ImportDefaultSpecifier"
        ? "default"
        : nameOf(node.type === "ImportDeclaration" ? one["imported"] : one["local"])
    );
    const line = lineOf(node);
    into.imports.push({ specifier: String(from["value"]), line, names: whole ? "*" : names });
    return;
  }
  if (node.type === "ExportDefaultDeclaration") {
    into.exports.push({ name: "default", line: lineOf(node) });
    return;
  }
  if (node["exportKind"] === "type") return;
  for (const one of (node["specifiers"] ?? []) as AnyNode[]) {
    if (one["exportKind"] === "type") continue;
    into.exports.push({ name: nameOf(one["exported"]), line: lineOf(one) });
  }
  const declaration = node["declaration"];
  if (!isNode(declaration)) return;
  for (const one of (declaration["declarations"] ?? [declaration]) as AnyNode[]) {
    if (isNode(one["id"])) into.exports.push({ name: nameOf(one["id"]), line: lineOf(one) });
  }
}

function visitCall(node: AnyNode, into: Collector): void {
  const callee = calleeText(node["callee"]);
  const args = (node["arguments"] ?? []) as AnyNode[];
  const text = node.type === "NewExpression" ? `new ${callee}` : callee;
  into.calls.push({ callee: text, argumentCount: args.length, line: lineOf(node) });
}

/** `import("…")`, as an expression or as a type. */
function visitLazyImport(node: AnyNode, into: Collector): void {
  let target = node["source"] ?? node["argument"];
  if (isNode(target) && target.type === "TSLiteralType") target = target["literal"];
  if (isNode(target) && target.type === "StringLiteral") {
    into.imports.push({ specifier: String(target["value"]), line: lineOf(node), names: "*" });
  }
}

/** The dotted text of a callee; parts that are not names become `?`. */
function calleeText(node: unknown): string {
  if (!isNode(node)) return "?";
  if (node.type === "Identifier") return nameOf(node);
  if (node.type === "MemberExpression" || node.type === "OptionalMemberExpression") {
    const property = node["computed"] ? "?" : nameOf(node["property"]);
    return `${calleeText(node["object"])}.${property}`;
  }
  return "?";
}

/** Whether an identifier in this place stands for a variable (used or declared). */
function isOwnName(parent: AnyNode | undefined, key: string): boolean {
  if (parent === undefined) return true;
  switch (parent.type) {
    case "MemberExpression":
    case "OptionalMemberExpression":
      return key === "object" || parent["computed"] === true;
    case "ObjectProperty":
    case "ObjectMethod":
    case "ClassProperty":
    case "ClassMethod":
    case "ClassAccessorProperty":
      return key !== "key" || parent["computed"] === true;
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "TSEnumMember":
      return key !== "key" && key !== "id";
    case "TSQualifiedName":
      return key === "left";
    case "ImportSpecifier":
      return key === "local";
    case "ExportSpecifier":
      return key === "local";
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return false;
    case "MetaProperty":
    case "TSNamedTupleMember":
      return key === "elementType";
    default:
      return true;
  }
}

function functionName(node: AnyNode, parent: AnyNode | undefined): string {
  const own = node["id"] ?? node["key"];
  if (isNode(own)) return nameOf(own);
  const outer = parent?.["id"] ?? parent?.["key"];
  return isNode(outer) ? nameOf(outer) : "(anonymous)";
}

function nameOf(node: unknown): string {
  if (!isNode(node)) return "?";
  if (node.type === "Identifier") return String(node["name"]);
  if (node.type === "StringLiteral") return String(node["value"]);
  if (node.type === "PrivateName") return `#${nameOf(node["id"])}`;
  return "?";
}

function lineOf(node: AnyNode): number {
  return node.loc?.start.line ?? 0;
}
