/**
 * Flags that set options of the server: what a client sees of them.
 *
 * @module
 */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { type ProcessColumn, whileServing } from "../commands.ts";
import { writeModule } from "./modules.ts";

/** Answers with the options that it runs under, as JSON. */
const SHOWS = `import { defineServer } from "$CORE";
export default defineServer({
  handlers: [(request) => {
    const { clocks, limits, clientBodyTempDir: folder, requestBody, requestCodings } =
      request.service;
    const bodies = [folder, requestBody, requestCodings];
    return request.respond(200, {}, JSON.stringify({ clocks, limits, bodies }));
  }],
  clocks: { bodyTimeoutMs: 1000, handlerTimeoutMs: 2000 },
  limits: { headerCountMax: 10, connectionsMax: 20 },
});
`;

/** Names of options, flags for them, and the values that they must have then. */
const CLOCKS: ReadonlyArray<readonly [name: string, flag: string, value: number | null]> = [
  ["headerTimeoutMs", "--header-timeout=1m", 60_000],
  ["bodyTimeoutMs", "--body-timeout=500ms", 500],
  ["bodyBytesPerSecondMin", "--body-min-rate=off", 0],
  ["bodyRateWindowMs", "--body-rate-window=1h", 3_600_000],
  ["sendTimeoutMs", "--send-timeout=5", 5_000],
  ["sendBytesPerSecondMin", "--send-min-rate=1k", 1_024],
  ["sendRateWindowMs", "--send-rate-window=2m", 120_000],
  ["keepAliveTimeoutMs", "--keep-alive-timeout=0", 0],
  ["keepAliveMinTimeoutMs", "--keep-alive-min-timeout=0", 0],
  ["lingerTimeMs", "--lingering-time=9s", 9_000],
  ["lingerTimeoutMs", "--lingering-timeout=8s", 8_000],
];

const LIMITS: ReadonlyArray<readonly [name: string, flag: string, value: number | null]> = [
  ["clientBodyMaxBytes", "--client-max-body-size=0", null],
  ["clientBodyBufferBytes", "--client-body-buffer-size=64k", 65_536],
  ["headBytesMax", "--max-head-size=8k", 8_192],
  ["headerCountMax", "--max-headers=50", 50],
  ["targetBytesMax", "--max-target-size=1k", 1_024],
  ["connectionsPerAddressMax", "--max-connections-per-address=9", 9],
  ["requestsMax", "--max-requests=500", 500],
  ["chunkFramingBytesMax", "--max-chunk-framing=2k", 2_048],
  ["pipelinedRequestsMax", "--max-pipelined-requests=7", 7],
  ["loopLagMaxMs", "--max-loop-lag=2s", 2_000],
  ["retryAfterMs", "--retry-after=1m", 60_000],
  ["requestsPerConnectionMax", "--keep-alive-requests=off", null],
  ["refusedConnectionsMax", "--max-refused-connections=0", 0],
  ["inputBytesMax", "--max-input-size=32k", 32_768],
  ["threadsMax", "--threads=3", 3],
  ["threadHeapMaxBytes", "--max-thread-heap=off", null],
  ["stepBudgetMs", "--step-budget=7ms", 7],
];

export function checkFlags(column: ProcessColumn): void {
  test("flags set options of the server, over those of the definition", async () => {
    const module = writeModule("shows.mjs", SHOWS);
    const flags = [...CLOCKS, ...LIMITS].map(([, flag]) => flag);
    const args = [
      ...flags,
      "--client-body-temp-path=/somewhere",
      "--request-body=buffer",
      "--request-codings=gzip,br",
    ];
    await whileServing(column, module, async ({ url }) => {
      const { clocks, limits, bodies } = JSON.parse(await (await fetch(url)).text());
      // What JSON has for Infinity is null.
      for (const [name, , value] of CLOCKS) assertEquals([name, clocks[name]], [name, value]);
      for (const [name, , value] of LIMITS) assertEquals([name, limits[name]], [name, value]);
      assertEquals([clocks.handlerTimeoutMs, limits.connectionsMax], [2_000, 20]);
      assertEquals(bodies, ["/somewhere", "buffer", ["gzip", "br"]]);
    }, args);
  });
}
