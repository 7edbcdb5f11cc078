/**
 * The matrix must not be fooled: each runner's report is read for what it says, and a run that
 * crashes, hangs or tests nothing is a failure. Runs on Node, over planted reports and programs.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Case, gapReason, readCases } from "./matrix/junit.ts";
import { type Job, jobsOfFile, planJobs, type Runtime } from "./matrix/plan.ts";
import { type JobResult, judge, runJob } from "./matrix/run.ts";
import { renderReport, renderSum } from "./matrix/table.ts";

const PLANTED = `
import { describe, test } from "node:test";
describe("outer", () => {
  describe("inner", () => {
    test('good <&> "q"', () => {});
    test("closed [gap: the platform can not]", { skip: true }, () => {});
    test("bad", () => { throw new Error("first line\\nsecond <line>"); });
  });
});
test("skipped", { skip: true }, () => {});
`;

/** A place outside the tree for planted programs, gone at the end of the test. */
function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-planted-"));
  return use(folder).finally(() => rmSync(folder, { recursive: true, force: true }));
}

/** Runs a planted test file as the matrix would. */
function runPlanted(runtime: Runtime, text: string, timeoutMs = 60_000): Promise<JobResult> {
  return withFolder((folder) => {
    const file = join(folder, "planted.test.ts");
    writeFileSync(file, text);
    const planned = jobsOfFile("test/unit/planted.test.ts").find((job) => job.runtime === runtime);
    assert(planned !== undefined);
    const args = planned.args.map((one) =>
      one.replace(/^(\.\/)?test\/unit\/planted.test.ts$/, file)
    );
    return runJob({ ...planned, args, timeoutMs }, join(folder, "report.xml"));
  });
}

function assertFailed(cases: readonly Case[], problem: string | undefined): void {
  assert(problem !== undefined || cases.some((one) => one.outcome === "failed"));
}

function outcomes(cases: readonly Case[]): string[] {
  return cases.map((one) => `${one.outcome} ${one.path.join(" > ")}`).sort();
}

describe("matrix: reports", () => {
  for (const runtime of ["node", "deno", "bun"] as const) {
    test(`readCases() reads what ${runtime} reports`, async () => {
      const { cases, problem } = await runPlanted(runtime, PLANTED);
      assertEquals(problem, undefined);
      assertEquals(outcomes(cases), [
        "failed outer > inner > bad",
        "failed skipped",
        'passed outer > inner > good <&> "q"',
        "skipped outer > inner > closed [gap: the platform can not]",
      ]);
      const bad = cases.find((one) => one.path.at(-1) === "bad");
      assertStringIncludes(bad?.text ?? "", "first line");
      assertStringIncludes(bad?.text ?? "", "second <line>");
      const lost = cases.find((one) => one.path.at(-1) === "skipped");
      assertStringIncludes(lost?.text ?? "", "without a reason");
      assertEquals(cases.find((one) => one.outcome === "skipped")?.text, "the platform can not");
    });

    test(`runJob() takes a crash on ${runtime} for a failure`, async () => {
      const { cases, problem, output } = await runPlanted(
        runtime,
        "throw new Error('at the top');",
      );
      assertFailed(cases, problem);
      assertStringIncludes(output, "at the top");
    });

    test(`runJob() takes an exit in the middle on ${runtime} for a failure`, async () => {
      const text = `import { test } from "node:test";
        test("good", () => {}); test("gone", () => { process.exit(0); });`;
      const { cases, problem } = await runPlanted(runtime, text);
      assertFailed(cases, problem);
      assert(!cases.some((one) => one.outcome === "passed" && one.path.at(-1) === "gone"));
    });

    test(`runJob() takes a file without tests on ${runtime} for a failure`, async () => {
      const { problem } = await runPlanted(runtime, "export const x = 1;");
      assert(problem !== undefined);
    });

    test(`runJob() takes a broken hook on ${runtime} for a failure`, async () => {
      const text = `import { after, describe, test } from "node:test";
        describe("suite", () => {
          after(() => { throw new Error("broken"); });
          test("a", () => {});
        });`;
      const { cases, problem, output } = await runPlanted(runtime, text);
      assertFailed(cases, problem);
      assertStringIncludes(output, "broken");
    });
  }

  test("runJob() ends a file that hangs, with its children, and names it", async () => {
    const text = `import { test } from "node:test"; import { spawn } from "node:child_process";
      test("hangs", async () => {
        spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "inherit" });
        await new Promise((resolve) => setInterval(() => resolve, 1000));
      });`;
    const result = await runPlanted("node", text, 1_500);
    assertStringIncludes(result.problem ?? "", "still running after 1.5 s");
    assertStringIncludes(renderReport([result], false), "test/unit/planted.test.ts still running");
  });

  test("readCases() refuses what is no report", () => {
    assertThrows(() => readCases("<html></html>", "node"), Error, "no JUnit report");
  });

  test("gapReason() takes the reason from the end of the name", () => {
    assertEquals(gapReason("resets [gap: Deno's close() can not]"), "Deno's close() can not");
    assertEquals(gapReason("no [gap] here"), undefined);
  });
});

describe("matrix: judgement", () => {
  const job = jobsOfFile("test/unit/core/buf.test.ts")[0]!;
  const passed: Case = { path: ["a"], outcome: "passed", text: "" };
  const failed: Case = { path: ["b"], outcome: "failed", text: "why" };
  const fine = { code: 0, signal: null, timedOut: false };

  test("judge() finds the fault of a run that no test explains", () => {
    assertEquals(judge(job, fine, [passed]), undefined);
    assertEquals(judge(job, { ...fine, code: 1 }, [passed, failed]), undefined);
    assertEquals(judge(job, { ...fine, code: 1 }, [passed]), "exit code 1");
    assertEquals(judge(job, fine, []), "it holds no test");
    assertEquals(
      judge(job, { ...fine, code: null, signal: "SIGSEGV" }, [failed]),
      "ended by SIGSEGV",
    );
    assertEquals(
      judge(job, { ...fine, timedOut: true }, [failed]),
      "still running after 120 s, ended",
    );
  });

  test("jobsOfFile() gives each file its columns, and refuses a file that nothing runs", () => {
    const where = (file: string) =>
      jobsOfFile(file).map((one: Job) => `${one.row} ${one.column} ${one.runtime}`);
    assertEquals(where("test/unit/core/buf.test.ts"), [
      "unit/core/buf node node",
      "unit/core/buf deno deno",
      "unit/core/buf bun bun",
    ]);
    assertEquals(where("test/columns/bun_serve.server.test.ts"), ["server bun_serve bun"]);
    assertEquals(where("test/columns/memory.reactor.test.ts"), [
      "reactor memory node",
      "reactor memory deno",
      "reactor memory bun",
    ]);
    assertEquals(where("test/tidy.test.ts"), ["tidy all node"]);
    assertThrows(() => jobsOfFile("test/columns/nodes.server.test.ts"), Error, "is not named");
    assertThrows(() => jobsOfFile("test/elsewhere/x.test.ts"), Error, "no folder");
    assert(planJobs().some((one) => one.row === "tidy"));
  });

  test("renderReport() gives each group of a conformance suite a row of its own", () => {
    const results = ["deno", "bun_serve"].map((column): JobResult => ({
      job: jobsOfFile(`test/columns/${column}.server.test.ts`)[0]!,
      cases: [
        { path: [`server: closing (${column})`, "a"], outcome: "passed", text: "" },
        { path: [`server on ${column}, again`, "b"], outcome: "passed", text: "" },
        { path: [`server (${column}, small)`, "c"], outcome: "passed", text: "" },
      ],
      problem: column === "deno" ? "exit code 1" : undefined,
      output: "",
      elapsedMs: 1,
    }));
    const rows = renderReport(results, false).split("\n").slice(0, 6);
    assertEquals(rows, [
      "passed/failed/skipped  deno     bun_serve",
      "server                 0/1/0 !  ·",
      "server, again          1/0/0    1/0/0",
      "server, small          1/0/0    1/0/0",
      "server: closing        1/0/0    1/0/0",
      "together               3/1/0 !  3/0/0",
    ]);
  });

  test("renderReport() gathers what was measured, by what and by column", () => {
    const results = ["memory.hard", "node.hard"].map((file): JobResult => ({
      job: jobsOfFile(`test/columns/${file}.test.ts`)[0]!,
      cases: [passed],
      problem: undefined,
      output: `words\nmeasured: ${file.split(".")[0]} | p99 | 3 ms\nmeasured: nothing\n`,
      elapsedMs: 1,
    }));
    assertStringIncludes(
      renderReport(results, false),
      "\nMeasured\n  p99\n      memory on node  3 ms\n      node            3 ms\n",
    );
  });

  test("renderReport() shows cells, gaps and failures, and renderSum() adds all columns up", () => {
    const gap: Case = {
      path: ["s", "resets [gap: no reset]"],
      outcome: "skipped",
      text: "no reset",
    };
    const result = (cases: readonly Case[], problem?: string): JobResult => ({
      job,
      cases,
      problem,
      output: "last words",
      elapsedMs: 1,
    });
    const deno = jobsOfFile("test/unit/core/buf.test.ts")[1]!;
    const results = [result([passed, failed, gap]), { ...result([], "exit code 3"), job: deno }];
    const text = renderReport(results, false);
    assertStringIncludes(text, "unit/core/buf          1/1/1 !  0/1/0 !");
    assertStringIncludes(text, "Gaps\n  node · unit/core/buf · resets: no reset\n");
    assertStringIncludes(text, "  node · unit/core/buf · b\n      why\n");
    assertStringIncludes(text, "test/unit/core/buf.test.ts exit code 3\n      last words\n");
    assertEquals(renderSum(results), "1 passed, 2 failed, 1 skipped");
  });
});
