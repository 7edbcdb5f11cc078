/**
 * The hard test of blocking code beside other workers: two processes share a port, a handler blocks
 * in one of them, and no quick request is held up, whichever worker gets it. Where the handler
 * blocks the loop the same test must fail. It knows processes and clients of its own, and no rig.
 *
 * @module
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import process from "node:process";
import { describe, test } from "node:test";
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { Program } from "../../programs.ts";
import { ROOT } from "../../tidy/tree.ts";
import { commandOf, type ProcessColumn } from "../commands.ts";
import { IS_FULL } from "./hard_bench.ts";

const QUICK_REQUESTS = IS_FULL ? 200 : 50;
const QUICK_MAX_MS = 50;
/** How long the handler blocks: at least so long in the full size, exactly so long on the loop. */
const BLOCK_MS = 1000;
/** Clients at once: their own time is not to be measured. */
const CLIENTS = 4;

export function checkHardWorkers(column: ProcessColumn): void {
  describe(`hard: workers (${column})`, () => {
    test("two workers, one with a handler that blocks: no quick request waits", async () => {
      await withWorkers(column, "thread", async (workers) => {
        const directory = mkdtempSync(`${tmpdir()}/workers-`);
        const path = `${directory}/go`;
        try {
          const slow = workers.ask(`/block?${path}`);
          const fromMs = performance.now();
          await workers.areBlocked();
          let worstMs = 0;
          do worstMs = Math.max(worstMs, await workers.askOften()); while (
            IS_FULL && performance.now() < fromMs + BLOCK_MS
          );
          writeFileSync(path, "");
          assertEquals(await slow, "blocked");
          if (!IS_FULL) return;
          process.stdout.write(
            `\nmeasured: ${column} | two workers, one blocked | ` +
              `slowest of ${QUICK_REQUESTS} quick requests ${worstMs.toFixed(1)} ms\n`,
          );
          assertLess(worstMs, QUICK_MAX_MS);
        } finally {
          rmSync(directory, { recursive: true });
        }
      });
    });

    test("two workers, control: a handler that blocks the loop holds others up", async () => {
      await withWorkers(column, "loop", async (workers) => {
        const slow = workers.ask(`/block?${BLOCK_MS}`);
        await workers.areBlocked();
        assertGreater(await workers.askOften(), QUICK_MAX_MS);
        assertEquals(await slow, "blocked");
      });
    });
  });
}

async function withWorkers(
  column: ProcessColumn,
  where: "thread" | "loop",
  body: (workers: Workers) => Promise<void>,
): Promise<void> {
  const workers = new Workers();
  try {
    for (let i = 0; i < 2; i++) await workers.start(column, where);
    // The first requests of a process wait for its code to be compiled.
    await workers.askOften();
    await body(workers);
  } finally {
    await workers.end();
  }
}

/** Processes on one port, and clients that have a connection for each request. */
class Workers {
  readonly #programs: Program[] = [];
  #port = 0;

  async start(column: ProcessColumn, where: "thread" | "loop"): Promise<void> {
    const script = "test/suites/hard/worker_program.ts";
    const via = column === "bun_serve" ? "serve" : "bytes";
    const args = [script, String(this.#port), via, where];
    const [command = "", ...rest] = commandOf(column, args);
    // Deno 2.9 shares no port without it.
    if (column === "deno") rest.splice(1, 0, "--unstable-net");
    const program = new Program(command, rest, { cwd: ROOT });
    this.#programs.push(program);
    this.#port = Number((await program.waitFor(/listens at .*:(\d+)\n/))[1]);
  }

  /** Resolves when one of them says that a handler blocks. */
  async areBlocked(): Promise<void> {
    await Promise.any(this.#programs.map((program) => program.waitFor(/blocks\n/)));
  }

  /** Asks quick questions, and answers how long the slowest took, in milliseconds. */
  async askOften(): Promise<number> {
    let left = QUICK_REQUESTS;
    let worstMs = 0;
    const askSome = async () => {
      while (left-- > 0) {
        const fromMs = performance.now();
        assertEquals(await this.ask("/"), "quick");
        worstMs = Math.max(worstMs, performance.now() - fromMs);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, askSome));
    return worstMs;
  }

  /** The body of the answer. */
  ask(target: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let received = "";
      const socket = connect(this.#port, "127.0.0.1");
      socket.setEncoding("latin1");
      socket.on("data", (text: string) => received += text);
      socket.on("error", reject);
      socket.on("end", () => {
        socket.destroy();
        resolve(received.slice(received.indexOf("\r\n\r\n") + 4));
      });
      socket.write(`GET ${target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`);
    });
  }

  async end(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop("SIGKILL")));
  }
}
