/**
 * `npm run probe`: what clients see of the runtimes' own servers and of Sluice, as one table. The
 * parts are in the files beside it; `--help` says what can be chosen.
 *
 * @module
 */

import process from "node:process";
import { COLUMNS } from "./columns.ts";
import { runTool } from "../../test/command_line.ts";
import { RUNTIMES } from "../opponents.ts";
import { COMMAND, type ProbeOptions } from "./options.ts";
import { differingRows, probe, QUICK, WHOLE } from "./probe.ts";
import { ROWS } from "./rows.ts";
import { jsonOf, publish, terminalTable } from "./table.ts";

async function main(options: ProbeOptions): Promise<number> {
  if (options.write && (options.quick || options.runtime.length < RUNTIMES.length)) {
    return COMMAND.error("error: --write takes the whole table: no --quick, no --runtime");
  }
  const columns = COLUMNS.filter((column) => options.runtime.includes(column.runtime));
  const settings = options.quick ? QUICK : WHOLE;
  const seconds = settings.waits.clockMs / 1000;
  console.error(`${columns.length} servers, ${ROWS.length} probes each, up to ${seconds} s`);
  const probed = await probe(columns, settings);
  console.log(options.json ? jsonOf(probed) : terminalTable(probed));
  const differing = differingRows(probed);
  for (const row of differing) {
    console.error(`probe: Sluice is not the same on every runtime when a client ${row.title}`);
  }
  if (differing.length > 0) return 1;
  if (options.write) publish(probed);
  return 0;
}

// At Ctrl-C the servers go down with this process.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

await runTool(COMMAND, main);
