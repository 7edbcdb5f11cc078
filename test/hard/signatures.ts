/**
 * Where primitive types stand in what a module exports, by name: `Clock.wakeAt.deadlineMs` is a
 * number. Knows the parser's tree of declarations, leaves function bodies and private members out,
 * and knows no rule about what it finds.
 *
 * @module
 */

import { parse } from "@babel/parser";

/** A place in an exported signature, and the type that stands there. */
export interface Place {
  /** The names from the outside in: the declaration, the member, the parameter. */
  readonly name: string;
  readonly type: "number" | "bigint" | "string" | "symbol" | "any" | "unknown";
}

interface AnyNode {
  readonly type: string;
  readonly [key: string]: unknown;
}

const PRIMITIVES: { readonly [nodeType: string]: Place["type"] } = {
  TSNumberKeyword: "number",
  TSBigIntKeyword: "bigint",
  TSStringKeyword: "string",
  TSSymbolKeyword: "symbol",
  TSAnyKeyword: "any",
  TSUnknownKeyword: "unknown",
};

/** What is inside and not seen from outside. */
const HIDDEN = ["BlockStatement", "ClassPrivateProperty", "ClassPrivateMethod", "StaticBlock"];

/** All primitive types in the exported signatures of a TypeScript module, in its order. */
export function primitivePlaces(text: string): Place[] {
  const { program } = parse(text, { sourceType: "module", plugins: ["typescript"] });
  const found: Place[] = [];
  for (const statement of program.body as unknown as AnyNode[]) {
    if (!statement.type.startsWith("Export")) continue;
    const declaration = statement["declaration"];
    if (isNode(declaration)) walk(declaration, [], found);
  }
  return found;
}

function walk(node: AnyNode, names: readonly string[], found: Place[]): void {
  if (HIDDEN.includes(node.type) || node["accessibility"] === "private") return;
  const type = PRIMITIVES[node.type];
  if (type !== undefined) found.push({ name: names.join("."), type });
  const own = nameOf(node);
  const inner = own === undefined ? names : [...names, own];
  for (const [key, child] of Object.entries(node)) {
    if (key === "id" || key === "key") continue;
    // The value of a variable is seen only as far as it is a function.
    if (key === "init" || key === "value") {
      if (isNode(child) && /Function|Class/.test(child.type)) walk(child, inner, found);
      continue;
    }
    for (const one of Array.isArray(child) ? child : [child]) {
      if (isNode(one)) walk(one, inner, found);
    }
  }
  // A variable's type hangs on its name.
  const id = node["id"];
  if (isNode(id) && isNode(id["typeAnnotation"])) walk(id["typeAnnotation"], inner, found);
}

/** What a node adds to the name of a place: a declaration, a member, or a parameter. */
function nameOf(node: AnyNode): string | undefined {
  if (node.type === "Identifier") return String(node["name"]);
  for (const key of ["id", "key"]) {
    const own = node[key];
    if (isNode(own) && own.type === "Identifier") return String(own["name"]);
  }
  return undefined;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null &&
    typeof (value as { type?: unknown }).type === "string";
}
