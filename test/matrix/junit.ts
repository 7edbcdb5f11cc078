/**
 * Reads the JUnit reports of the three test runners into one shape. Knows how each lays out suites,
 * subtests and skips; knows nothing of processes.
 *
 * - Node nests suites and gives a skip its reason.
 * - Deno lists every step flat, its parents too, as `outer > inner > name`, and drops the reason.
 * - Bun puts the file around nested suites, and drops the reason.
 *
 * So the reason stands in the name of the test, as `name [gap: reason]`.
 *
 * @module
 */

import { XMLParser } from "fast-xml-parser";

/** One test, at its place among the suites. */
export interface Case {
  /** Suites from the outside in, and the test's name last. */
  readonly path: readonly string[];
  readonly outcome: "passed" | "failed" | "skipped";
  /** What a failure said, or why it was skipped. */
  readonly text: string;
}

interface Failure {
  readonly message?: string;
  readonly "#text"?: string;
}

interface CaseNode {
  readonly name?: string;
  readonly failure?: Failure | string;
  readonly error?: Failure | string;
  readonly skipped?: { readonly message?: string } | string;
}

interface SuiteNode {
  readonly name?: string;
  readonly testsuite?: readonly SuiteNode[];
  readonly testcase?: readonly CaseNode[];
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseAttributeValue: false,
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
  // The reports are ours; a long failure may hold any number of quotes and line ends.
  processEntities: {
    enabled: true,
    maxTotalExpansions: Number.MAX_SAFE_INTEGER,
    maxExpandedLength: Number.MAX_SAFE_INTEGER,
  },
  isArray: (name) => name === "testsuite" || name === "testcase",
});

/** The tests of a report. Throws when the text is no JUnit report. */
export function readCases(xml: string, runtime: string): Case[] {
  const root = (parser.parse(xml) as { testsuites?: SuiteNode | "" }).testsuites;
  if (root === undefined) throw new Error("it is no JUnit report");
  const suite: SuiteNode = root === "" ? {} : root;
  if (runtime === "deno") return readDeno(suite);
  // Bun's outermost suite is the file.
  if (runtime === "bun") return (suite.testsuite ?? []).flatMap((file) => readNested(file, []));
  return readNested(suite, []);
}

function readNested(suite: SuiteNode, outer: readonly string[]): Case[] {
  return [
    ...(suite.testsuite ?? []).flatMap((one) => readNested(one, [...outer, one.name ?? "?"])),
    ...(suite.testcase ?? []).map((node) => readCase(node, [...outer, node.name ?? "?"])),
  ];
}

/** A parent counts only when it failed and none of its steps did: a hook of its own broke. */
function readDeno(root: SuiteNode): Case[] {
  const nodes = (root.testsuite ?? []).flatMap((suite) => suite.testcase ?? []);
  return nodes.flatMap((node) => {
    const name = node.name ?? "?";
    const steps = nodes.filter((other) => other.name?.startsWith(`${name} > `));
    if (steps.length > 0 && !(isFailed(node) && !steps.some(isFailed))) return [];
    return [readCase(node, name.split(" > "))];
  });
}

function isFailed(node: CaseNode): boolean {
  return node.failure !== undefined || node.error !== undefined;
}

function readCase(node: CaseNode, path: readonly string[]): Case {
  const failure = node.failure ?? node.error;
  if (failure !== undefined) {
    const text = typeof failure === "string" ? failure : failure["#text"] ?? failure.message ?? "";
    return { path, outcome: "failed", text: text.trim() };
  }
  if (node.skipped === undefined) return { path, outcome: "passed", text: "" };
  const told = typeof node.skipped === "string" ? "" : node.skipped.message ?? "";
  const reason = gapReason(path.at(-1) ?? "") ?? told;
  if (reason === "" || reason === "true") {
    return { path, outcome: "failed", text: "skipped without a reason: name it `… [gap: why]`" };
  }
  return { path, outcome: "skipped", text: reason };
}

/** The reason in `name [gap: reason]`. */
export function gapReason(name: string): string | undefined {
  return /\[gap: (.+)\]$/.exec(name)?.[1];
}
