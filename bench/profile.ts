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
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type CpuProfile, hotSpots, type Spot } from "./cpu_profile.ts";
import { installPeers } from "./install_peers.ts";
import { chooseLoad } from "./load.ts";
import { type Opponent, OPPONENTS } from "./opponents.ts";
import { startServer } from "./server_process.ts";

const USAGE = `Usage: node bench/profile.ts [options]

  --runtime node|deno|bun   default: node
  --case hello|hono         default: hello
  --server NAME             as in the benchmark's table; default: Sluice
  --seconds N               default: 5
  --connections N           default: 64
  --top N                   functions to print, by their own time; default: 30
  --keep                    keep the profile, and say where it is
  --help                    print this`;

const { values } = parseArgs({
  options: {
    runtime: { type: "string", default: "node" },
    case: { type: "string", default: "hello" },
    server: { type: "string", default: "Sluice" },
    seconds: { type: "string", default: "5" },
    connections: { type: "string", default: "64" },
    top: { type: "string", default: "30" },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) {
  console.log(USAGE);
} else {
  const opponent = OPPONENTS.find((one) =>
    one.runtime === values.runtime && one.case === values.case && one.name === values.server
  );
  if (opponent === undefined) {
    console.error(`profile: there is no ${values.runtime} ${values.case} ${values.server}`);
    process.exitCode = 2;
  } else {
    installPeers();
    print(await profile(opponent));
  }
}

async function profile(opponent: Opponent): Promise<CpuProfile> {
  const load = await chooseLoad();
  const directory = mkdtempSync(join(tmpdir(), "sluice-profile-"));
  try {
    const server = await startServer(opponent, ["--cpu-prof", `--cpu-prof-dir=${directory}`]);
    const seconds = Number(values.seconds);
    const report = await load.run(server.port, {
      connections: Number(values.connections),
      seconds,
    });
    await server.stop();
    console.log(`${Math.round(report.requests / report.seconds)} requests/s while profiled`);
    const file = readdirSync(directory).find((name) => name.endsWith(".cpuprofile"));
    if (file === undefined) throw new Error(`${opponent.runtime} wrote no profile`);
    if (values.keep) console.log(join(directory, file));
    return JSON.parse(readFileSync(join(directory, file), "utf8")) as CpuProfile;
  } finally {
    if (!values.keep) rmSync(directory, { recursive: true, force: true });
  }
}

function print(cpuProfile: CpuProfile): void {
  const root = fileURLToPath(new URL("../", import.meta.url));
  console.log("  self   total");
  for (const spot of hotSpots(cpuProfile, root).slice(0, Number(values.top))) {
    console.log(`${percent(spot.self)}  ${percent(spot.total)}  ${spot.name}`);
  }
}

function percent(share: Spot["self"]): string {
  return `${(share * 100).toFixed(1)}%`.padStart(6);
}
