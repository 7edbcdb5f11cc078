/**
 * Finds the TypeScript in a Markdown text. Knows fences; knows nothing of compilers.
 *
 * @module
 */

/** One fenced block. */
export interface Block {
  /** The Markdown file, and the line of the fence in it. */
  readonly path: string;
  readonly line: number;
  readonly text: string;
  /** How much of it must hold: see the test that runs them. */
  readonly kind: "types" | "program" | "app";
}

/** The blocks of a text, in order. Throws on a mark that means nothing and on an open fence. */
export function findBlocks(path: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  let open: { mark: string; language: string; line: number; lines: string[] } | undefined;
  markdown.split("\n").forEach((text, index) => {
    const fence = /^(\s*)(`{3,}|~{3,})\s*(.*?)\s*$/.exec(text);
    if (open === undefined) {
      if (fence === null) return;
      open = { mark: fence[2]!, language: fence[3]!, line: index + 1, lines: [] };
    } else if (fence !== null && fence[3] === "" && fence[2]!.startsWith(open.mark)) {
      const { language, line, lines } = open;
      open = undefined;
      const kind = kindOf(language, lines.join("\n"), `${path}:${line}`);
      if (kind !== undefined) blocks.push({ path, line, text: lines.join("\n") + "\n", kind });
    } else {
      open.lines.push(text);
    }
  });
  if (open !== undefined) throw new Error(`${path}:${open.line} a block is never closed`);
  return blocks;
}

function kindOf(language: string, text: string, where: string): Block["kind"] | undefined {
  const [name, ...marks] = language.split(/\s+/);
  if (name !== "ts" && name !== "typescript") return undefined;
  if (marks.length === 1 && marks[0] === "types") return "types";
  if (marks.length > 0) throw new Error(`${where} "${marks.join(" ")}" is no mark of a block`);
  return /^export default\b/m.test(text) ? "app" : "program";
}
