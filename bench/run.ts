/**
 * `npm run bench`: installs the peers, lets every server pass the gate, runs the rounds, and writes
 * the tables. The parts are in the files beside it; `--help` says what can be chosen.
 *
 * @module
 */

import { existsSync } from "node:fs";
import process from "node:process";
import { chooseLoad } from "./load.ts";
import { OPPONENTS } from "./opponents.ts";
import { UsageError } from "../test/command_line.ts";
import { type BenchOptions, isWhole, parseOptions, USAGE } from "./options.ts";
import { installPeers } from "./install_peers.ts";
import { gatherFacts, markdownOf, publish, type Results } from "./report.ts";
import { passGate, runRounds } from "./rounds.ts";
import { summarize } from "./summary.ts";

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(USAGE);
    return;
  }
  if (!existsSync("/proc/self/stat")) {
    throw new Error("CPU per request is read from /proc, which only Linux has");
  }
  const results = await run(options);
  if (options.json) console.log(JSON.stringify(results, null, 2));
  else console.log(markdownOf(results));
  if (isWhole(options)) publish(results);
}

async function run(options: BenchOptions): Promise<Results> {
  const peers = installPeers();
  const load = await chooseLoad();
  const opponents = OPPONENTS.filter((one) =>
    options.runtimes.includes(one.runtime) && options.cases.includes(one.case)
  );
  const servers = await passGate(opponents);
  console.error(`${servers.length} servers answer alike; load: ${load.name}`);
  const rounds = await runRounds(opponents, load, options, (line) => console.error(line));
  const facts = gatherFacts(servers, peers, load.name);
  return {
    facts,
    options,
    summary: summarize(opponents, rounds),
    servers,
    rounds,
  };
}

// At Ctrl-C the servers go down with this process.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
