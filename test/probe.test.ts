/**
 * The probe and the promises that it measures: Sluice over bytes does the same on Node, Deno and
 * Bun, with the statuses and the clocks that are documented. Runs on Node, starts a server on each
 * runtime, and waits for their clocks, which are short ones.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "@std/assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { COLUMNS } from "../bench/probe/columns.ts";
import { isSame, type Outcome, textOf } from "../bench/probe/outcome.ts";
import { differingRows, probe, type ProbedColumn, QUICK } from "../bench/probe/probe.ts";
import { ROWS } from "../bench/probe/rows.ts";
import { publishedCells } from "../bench/probe/table.ts";
import { type Clocks, DEFAULT_CLOCKS } from "../core/limits.ts";
import { COMMANDS } from "./matrix/plan.ts";
import { runProgram } from "./programs.ts";
import { ROOT } from "./tidy/tree.ts";

/** What Sluice promises for each row: what a client sees, and the clock that brings it about. */
const PROMISES: { readonly [row: string]: readonly [seen: string, clock?: keyof Clocks] } = {
  "pipelines": ["answered in order"],
  "sends-nothing": ["closed", "headerTimeoutMs"],
  "partial-head": ["408", "headerTimeoutMs"],
  "partial-body": ["408", "bodyTimeoutMs"],
  "stays-idle": ["closed", "keepAliveTimeoutMs"],
  "reads-nothing": ["cut off", "sendTimeoutMs"],
  "large-header": ["431"],
  "large-target": ["414"],
  "expects": ["100"],
  "expects-unread": ["200 at once"],
  "length-and-chunked": ["400"],
  "is-answered": ["quiet"],
  "is-answered-body": ["quiet"],
  "leaves": ["aborts"],
  "resets": ["aborts"],
  "leaves-pipelined": ["aborts"],
  "half-closes": ["answered, aborts"],
};

/** More than a clock's grain and a busy machine take, and less than lies between two clocks. */
const LATE_MS = 1_900;

const ours = COLUMNS.filter((column) => column.kind === "bytes");

const TRIES_MAX = 3;

/** True exactly when something came later than a clock promises. */
function isLate(probed: readonly ProbedColumn[], clocks: Clocks): boolean {
  return probed.some(({ outcomes }) =>
    ROWS.some((row, index) => {
      const { afterMs } = promised(row.name, clocks);
      return afterMs !== null && (outcomes[index]!.afterMs ?? 0) >= afterMs + LATE_MS;
    })
  );
}

function promised(row: string, clocks: Clocks): Outcome {
  const [seen, clock] = PROMISES[row] ?? ["no promise"];
  return { seen, afterMs: clock === undefined ? null : clocks[clock] };
}

/** A probe's own command line. */
function runProbe(...args: string[]) {
  return runProgram(COMMANDS.node, ["bench/probe/run.ts", ...args], { cwd: ROOT });
}

describe("probe: Sluice over bytes", () => {
  test("probe() sees the same on Node, Deno and Bun, as it is promised", async () => {
    const clocks = { ...DEFAULT_CLOCKS, ...QUICK.clocks };
    let probed = await probe(ours, QUICK);
    // What is late once may be the machine; what is late each time is a clock.
    for (let tries = 1; tries < TRIES_MAX && isLate(probed, clocks); tries++) {
      probed = await probe(ours, QUICK);
    }
    assertEquals(probed.map(({ runtime }) => runtime.split(" ")[0]), ["node", "deno", "bun"]);
    for (const { column, outcomes } of probed) {
      ROWS.forEach((row, index) => {
        const { seen, afterMs, detail } = outcomes[index]!;
        const promise = promised(row.name, clocks);
        const where = `${column.name}, ${row.name}: ${seen}, ${detail}`;
        assertEquals(seen, promise.seen, where);
        if (promise.afterMs === null) return;
        assertGreaterOrEqual(afterMs ?? 0, promise.afterMs - 100, where);
        assertLess(afterMs ?? 0, promise.afterMs + LATE_MS, where);
      });
    }
    assertEquals(differingRows(probed).map((row) => row.name), []);
  });
});

describe("probe: what was seen", () => {
  const node: ProbedColumn = {
    column: ours[0]!,
    runtime: "node 1.2.3",
    outcomes: ROWS.map((row) => promised(row.name, DEFAULT_CLOCKS)),
  };
  const deno: ProbedColumn = { ...node, column: ours[1]! };

  test("differingRows() finds the row, and does not ask columns that are not over bytes", () => {
    const outcomes = node.outcomes.with(5, { seen: "open", afterMs: 100_000 });
    assertEquals(differingRows([node, deno]), []);
    assertEquals(differingRows([node, { ...deno, outcomes }]).map((row) => row.name), [
      "reads-nothing",
    ]);
    const through = COLUMNS.find((column) => column.kind === "requests")!;
    assertEquals(differingRows([node, { ...deno, column: through, outcomes }]), []);
  });

  test("isSame() compares times with the slack of a busy machine", () => {
    const late: Outcome = { seen: "408", afterMs: 10_400 };
    assertEquals(textOf(late), "408 at 10 s");
    assertEquals(textOf({ seen: "431", afterMs: null }), "431");
    assertEquals(isSame(late, { seen: "408", afterMs: 10_900, detail: "closed" }), true);
    assertEquals(isSame(late, { seen: "408", afterMs: 12_000 }), false);
    assertEquals(isSame(late, { seen: "closed", afterMs: 10_400 }), false);
    assertEquals(isSame(late, { seen: "408", afterMs: null }), false);
  });

  test("README.md shows every row, and Sluice's column is what the defaults promise", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    const [head, ...lines] = publishedCells(readme);
    const at = head?.indexOf("Sluice") ?? -1;
    assert(at > 0);
    assertEquals(
      lines.map((line) => [line[0], line[at]]),
      ROWS.map((row) => [row.title, textOf(promised(row.name, DEFAULT_CLOCKS))]),
    );
  });
});

describe("probe: command line", () => {
  test("a wrong option is one line and exit code 2", async () => {
    for (const args of [["--bogus"], ["--runtime", "php"], ["--write", "--quick"], ["x"]]) {
      const { code, stdout, stderr } = await runProbe(...args);
      assertEquals(code, 2, args.join(" "));
      assertEquals(stdout, "");
      assertEquals(stderr.trimEnd().split("\n").length, 1, stderr);
      assert(stderr.startsWith("error: "), stderr);
    }
  });

  test("--help says what can be chosen, and probes nothing", async () => {
    const { code, stdout, stderr } = await runProbe("--help");
    assertEquals(code, 0);
    assertEquals(stderr, "");
    for (const option of ["--runtime", "--quick", "--json", "--write"]) {
      assert(stdout.includes(option), option);
    }
  });
});
