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
import { runTool } from "../test/command_line.ts";
import { type BenchOptions, type BenchValues, COMMAND, isWhole, optionsOf } from "./options.ts";
import { installPeers } from "./install_peers.ts";
import { gatherFacts, markdownOf, publish, type Results } from "./report.ts";
import { passGate, runRounds } from "./rounds.ts";
import { summarize } from "./summary.ts";

async function main(values: BenchValues): Promise<number> {
  const options = optionsOf(values);
  if (!existsSync("/proc/self/stat")) {
    throw new Error("CPU per request is read from /proc, which only Linux has");
  }
  const results = await run(options);
  if (options.json) console.log(JSON.stringify(results, null, 2));
  else console.log(markdownOf(results));
  if (isWhole(options)) publish(results);
  return 0;
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

await runTool(COMMAND, main);
