/**
 * The tables of `docs/handles.md` are those of the data that the checks run on. Reads the document;
 * waits for nothing.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { test } from "node:test";
import { assert, assertStringIncludes } from "@std/assert";
import { tablesOfPolls } from "./suites/polls/table.ts";
import { ROOT } from "./tidy/tree.ts";

/** The formatter pads cells and folds lines. */
function bare(text: string): string {
  return text.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, "");
}

test("docs/handles.md has the table of what works with what, cell by cell", () => {
  const document = readFileSync(`${ROOT}docs/handles.md`, "utf8");
  assertStringIncludes(
    bare(document),
    bare(tablesOfPolls()),
    "the table should be:\n" + tablesOfPolls(),
  );
  assert(!bare(document).includes(bare(tablesOfPolls().replace("yes", "no"))), "it compares cells");
});
