/**
 * `npm run fuzz`: feeds mutated inputs to whole servers, prints totals, and shortens what fails.
 *
 * @module
 */

import process from "node:process";
import { makeTool, runTool, wholeNumber } from "../command_line.ts";
import { Dice } from "../sim/dice.ts";
import { formatInput, loadCorpus } from "./corpus.ts";
import { judge } from "./judge.ts";
import { mutate } from "./mutate.ts";
import { shrinkInput } from "./shrink.ts";

const DESCRIPTION =
  `Changes inputs of the corpus (test/fuzz/corpus, and the wire cases) by seed and feeds each to a
whole server in memory, at once, in pieces, and over a slow network. The server must neither throw
nor hang nor leak, answer in HTTP, and make the same of it each time. Prints one line of totals; a
failure prints its seed and the shortest input found that fails, in the format of the corpus, and
ends with exit code 1.`;

interface FuzzOptions {
  /** The first seed; undefined for one that the clock gives. */
  readonly seed?: number;
  readonly runs: number;
}

const SEED_MAX = 2 ** 32 - 1;

const COMMAND = makeTool("npm run fuzz --", DESCRIPTION)
  .option(
    "--seed <n>",
    `the first seed, 0 … ${SEED_MAX} (default: by the clock)`,
    wholeNumber(0, SEED_MAX),
  )
  .option("--runs <m>", "how many inputs, one for each seed", wholeNumber(1, 1e9), 10_000);

const SHRINK_RUNS_MAX = 3000;
const corpus = loadCorpus().map(({ input }) => input);

/** Answers the exit code: 0 when all held, 1 when something did not. */
async function main({ seed, runs }: FuzzOptions): Promise<number> {
  return await search(seed ?? Date.now() % 2 ** 32, runs);
}

async function search(first: number, runs: number): Promise<number> {
  let requests = 0;
  let answers = 0;
  const startedMs = performance.now();
  for (let seed = first; seed < first + runs; seed++) {
    const input = mutate(new Dice(seed), corpus);
    const verdict = await judge(input, seed);
    requests += verdict.requests;
    answers += verdict.answers;
    if (verdict.violation === null) continue;
    process.stdout.write(`seed ${seed} fails: ${verdict.violation}\n\nmaking it shorter …\n`);
    const fails = async (one: Uint8Array) => (await judge(one, seed)).violation !== null;
    const shorter = await shrinkInput(input, fails, SHRINK_RUNS_MAX);
    const { violation } = await judge(shorter, seed);
    process.stdout.write(`${violation}\n\n\`\`\`input\n${formatInput(shorter)}\n\`\`\`\n\n`);
    process.stdout.write(`again: npm run fuzz -- --seed ${seed} --runs 1\n`);
    return 1;
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `seeds ${first} to ${first + runs - 1}: ${runs} inputs, each fed three times, ${requests} ` +
      `requests and ${answers} answers each time, in ${seconds} s\n`,
  );
  return 0;
}

await runTool(COMMAND, main);
