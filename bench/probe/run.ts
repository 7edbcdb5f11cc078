/**
 * `npm run probe`: what clients see of the runtimes' own servers and of Sluice, as one table. The
 * parts are in the files beside it; `--help` says what can be chosen.
 *
 * @module
 */

import process from "node:process";
import { COLUMNS } from "./columns.ts";
import { UsageError } from "../../test/command_line.ts";
import { parseOptions, USAGE } from "./options.ts";
import { differingRows, probe, QUICK, WHOLE } from "./probe.ts";
import { ROWS } from "./rows.ts";
import { jsonOf, publish, terminalTable } from "./table.ts";

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const columns = COLUMNS.filter((column) => options.runtimes.includes(column.runtime));
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

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(`probe: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
