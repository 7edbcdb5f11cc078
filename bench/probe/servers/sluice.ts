/**
 * The probed application on Sluice. `--clocks JSON` sets clocks, `--via serve` listens through
 * `Bun.serve`.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Clocks } from "../../../core/limits.ts";
import { serve } from "../../../runtimes/serve.ts";
import { announce, HOST } from "../../servers/hello.ts";
import { fetch } from "./app.ts";

const { values } = parseArgs({
  options: { clocks: { type: "string", default: "{}" }, via: { type: "string" } },
});
const { address } = await serve({ fetch }, {
  host: HOST,
  port: 0,
  via: values.via === "serve" ? "serve" : undefined,
  clocks: JSON.parse(values.clocks) as Partial<Clocks>,
});
if (address.transport === "tcp") announce(address.port);
