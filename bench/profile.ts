/**
 * Where a server of the benchmark spends its time: starts it with the runtime's own profiler, loads
 * it, and prints the functions that took the most. It measures nothing that may be published, since
 * the profiler takes its share.
 *
 * @module
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Option } from "commander";
import { makeTool, runTool, wholeNumber } from "../test/command_line.ts";
import { type CpuProfile, hotSpots, type Spot } from "./cpu_profile.ts";
import { installPeers } from "./install_peers.ts";
import { chooseLoad } from "./load.ts";
import {
  type CaseName,
  CASES,
  type Opponent,
  OPPONENTS,
  type RuntimeName,
  RUNTIMES,
} from "./opponents.ts";
import { startServer } from "./server_process.ts";

interface ProfileOptions {
  readonly runtime: RuntimeName;
  readonly case: CaseName;
  readonly server: string;
  readonly seconds: number;
  readonly connections: number;
  readonly top: number;
  readonly keep?: boolean;
}

const count = wholeNumber(1, 99_999);

const COMMAND = makeTool(
  "node bench/profile.ts",
  "Shows where a server of the benchmark spends time.",
)
  .addOption(new Option("--runtime <name>").choices(RUNTIMES).default("node"))
  .addOption(new Option("--case <name>").choices(CASES).default("hello"))
  .option("--server <name>", "as in the benchmark's table", "Sluice")
  .option("--seconds <n>", "of load", count, 5)
  .option("--connections <n>", "that are kept alive", count, 64)
  .option("--top <n>", "functions to print, by their own time", count, 30)
  .option("--keep", "keep the profile, and say where it is");

async function main(options: ProfileOptions): Promise<number> {
  const { runtime, case: name, server } = options;
  const opponent = OPPONENTS.find((one) =>
    one.runtime === runtime && one.case === name && one.name === server
  );
  if (opponent === undefined) {
    return COMMAND.error(`error: there is no ${runtime} ${name} ${server}`);
  }
  installPeers();
  print(await profile(opponent, options), options.top);
  return 0;
}

async function profile(opponent: Opponent, options: ProfileOptions): Promise<CpuProfile> {
  const load = await chooseLoad();
  const directory = mkdtempSync(join(tmpdir(), "sluice-profile-"));
  try {
    const server = await startServer(opponent, ["--cpu-prof", `--cpu-prof-dir=${directory}`]);
    const { connections, seconds } = options;
    const report = await load.run(server.port, { connections, seconds });
    await server.stop();
    console.log(`${Math.round(report.requests / report.seconds)} requests/s while profiled`);
    const file = readdirSync(directory).find((name) => name.endsWith(".cpuprofile"));
    if (file === undefined) throw new Error(`${opponent.runtime} wrote no profile`);
    if (options.keep) console.log(join(directory, file));
    return JSON.parse(readFileSync(join(directory, file), "utf8")) as CpuProfile;
  } finally {
    if (!options.keep) rmSync(directory, { recursive: true, force: true });
  }
}

function print(cpuProfile: CpuProfile, top: number): void {
  const root = fileURLToPath(new URL("../", import.meta.url));
  console.log("  self   total");
  for (const spot of hotSpots(cpuProfile, root).slice(0, top)) {
    console.log(`${percent(spot.self)}  ${percent(spot.total)}  ${spot.name}`);
  }
}

function percent(share: Spot["self"]): string {
  return `${(share * 100).toFixed(1)}%`.padStart(6);
}

await runTool(COMMAND, main);
