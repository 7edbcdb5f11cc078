/**
 * The command line of the probe: names, meanings and defaults. It runs nothing.
 *
 * @module
 */

import { makeTool, namesOption } from "../../test/command_line.ts";
import { type RuntimeName, RUNTIMES } from "../opponents.ts";

export interface ProbeOptions {
  readonly runtime: readonly RuntimeName[];
  readonly quick?: boolean;
  readonly json?: boolean;
  readonly write?: boolean;
}

const DESCRIPTION =
  `Shows what clients see of the runtimes' own servers, with their defaults, and of Sluice: measured
live, over raw sockets. Takes about 2 minutes, since it waits for clocks. Ends with 1 when Sluice
over bytes is not the same on every runtime, and names the rows.`;

export const COMMAND = makeTool("npm run probe --", DESCRIPTION)
  .addOption(namesOption("--runtime <names>", "to probe, of node,deno,bun", RUNTIMES))
  .option("--quick", "short clocks for Sluice, and waits of 15 s at most")
  .option("--json", "print everything that was seen as JSON")
  .option("--write", "write the table into README.md too; not with --runtime or --quick");
