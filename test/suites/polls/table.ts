/**
 * What works with what: the kinds of sources of each column with their gaps, and the table that
 * `docs/handles.md` shows of them. The checks run on this data, cell by cell.
 *
 * @module
 */

import { type Kind, MEANINGS, OPERATIONS } from "./ends.ts";
import { BUN_KINDS } from "./kinds_bun.ts";
import { DENO_KINDS } from "./kinds_deno.ts";
import { EVERYWHERE } from "./kinds_everywhere.ts";
import { MEMORY_KINDS } from "./kinds_memory.ts";
import { NODE_KINDS } from "./kinds_node.ts";

type Column = "node" | "deno" | "bun" | "bun_serve" | "memory";

const BUN = [...BUN_KINDS, ...NODE_KINDS, ...EVERYWHERE];

export const KINDS: { readonly [column in Column]: readonly Kind[] } = {
  node: [...NODE_KINDS, ...EVERYWHERE],
  deno: [...DENO_KINDS, ...NODE_KINDS, ...EVERYWHERE],
  bun: BUN,
  bun_serve: BUN,
  memory: [...MEMORY_KINDS, ...EVERYWHERE],
};

/** The tables, as `docs/handles.md` must have them. */
export function tablesOfPolls(): string {
  const tables = (["node", "deno", "bun", "memory"] as const).map((column) =>
    `### ${column}\n\n${tableOf(KINDS[column])}\n`
  );
  const meanings = OPERATIONS.map((operation) => `- ${operation}: ${MEANINGS[operation]}.`);
  return [meanings.join("\n"), "", ...tables].join("\n");
}

function tableOf(kinds: readonly Kind[]): string {
  const notes: string[] = [];
  const rows = kinds.map((
    kind,
  ) => [kind.name, ...OPERATIONS.map((one) => cellOf(kind, one, notes))]);
  const lines = [["source", ...OPERATIONS], OPERATIONS_RULE, ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`);
  const numbered = notes.map((note, i) => `${i + 1}. ${note}.`);
  return [...lines, ...numbered.length > 0 ? ["", ...numbered] : []].join("\n");
}

const OPERATIONS_RULE = ["---", ...OPERATIONS.map(() => "---")];

function cellOf(kind: Kind, operation: typeof OPERATIONS[number], notes: string[]): string {
  const gap = kind.gaps?.[operation];
  if (gap !== undefined) return `no (${notes.push(gap)})`;
  if (operation === "detach" && kind.late !== undefined) return `yes (${notes.push(kind.late)})`;
  return kind.without.includes(operation) ? "–" : "yes";
}
