/**
 * Links from one document of the tree to another lead somewhere: to a file that is there, and to a
 * heading in it. Knows Markdown as far as that, and how headings become anchors.
 *
 * @module
 */

import { resolve } from "./layers.ts";
import type { Source, Violation } from "./source.ts";

/** Every link in a document to what is not there. Links out of the tree are not looked at. */
export function checkLinks(sources: readonly Source[]): Violation[] {
  const documents = new Map(
    sources.filter(({ path }) => path.endsWith(".md")).map(({ path, text }) => [path, prose(text)]),
  );
  const paths = sources.map(({ path }) => path);
  const found: Violation[] = [];
  for (const [path, text] of documents) {
    for (const { index, 1: link = "" } of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^\w+:/.test(link)) continue;
      const [name = "", anchor] = link.split("#");
      const target = name === "" ? path : resolve(path, `./${name}`)!.replace(/\/$/, "");
      const line = text.slice(0, index).split("\n").length;
      if (!paths.some((one) => one === target || one.startsWith(`${target}/`))) {
        found.push({ path, line, message: `links to ${link}: there is no ${target}` });
      } else if (anchor !== undefined && !anchorsOf(documents.get(target) ?? "").has(anchor)) {
        found.push({ path, line, message: `links to ${link}: there is no such heading` });
      }
    }
  }
  return found;
}

/** The text without its blocks of code, on the same lines. */
function prose(text: string): string {
  return text.replace(/^ *(```|~~~)[^]*?^ *\1/gm, (block) => block.replace(/[^\n]/g, ""));
}

/** As GitHub makes them: lower case, no punctuation, hyphens for spaces. */
function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading!);
  return new Set(
    headings.map((heading) =>
      heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase().trim()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-")
    ),
  );
}
