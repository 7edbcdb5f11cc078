/**
 * The flags of `serve` that set options of the server, as one table: a line adds a flag, its help,
 * its default and its checks. Every limit and every clock has one. It knows the options by name and
 * place; what they do is the server's affair.
 *
 * @module
 */

import { type Command, InvalidArgumentError, Option } from "commander";
import type { Coding } from "../../core/capabilities/codecs.ts";
import { type Clocks, DEFAULT_CLOCKS, DEFAULT_LIMITS, type Limits } from "../../core/limits.ts";
import type { ServeOptions } from "../serve.ts";
import { COUNT, SIZE, TIME, type Unit } from "./units.ts";

const CODINGS: readonly Coding[] = ["gzip", "deflate", "br", "zstd"];

/** The word that switches a clock or a limit off. */
const OFF = "off";

/** What 0 is taken for: itself, `off`, or a mistake; or what `off` is taken for: 0. */
type Zero = "allowed" | "off" | "wrong" | "is off";

export interface Flag {
  /** `--header-timeout`. */
  readonly flag: string;
  readonly group: string;
  readonly unit: Unit;
  readonly zero: Zero;
  readonly words: string;
  readonly place: readonly ["clocks", keyof Clocks] | readonly ["limits", keyof Limits];
}

type Row<Name> = readonly [flag: string, name: Name, words: string, zero?: Zero, unit?: Unit];

const CLOCKS: ReadonlyArray<Row<keyof Clocks>> = [
  ["--header-timeout", "headerTimeoutMs", "a request's first byte to the end of its head"],
  ["--body-timeout", "bodyTimeoutMs", "between two pieces of a body"],
  [
    "--body-min-rate",
    "bodyBytesPerSecondMin",
    "bytes in a second that a body must bring",
    "is off",
    SIZE,
  ],
  ["--body-rate-window", "bodyRateWindowMs", "over which that rate is an average"],
  ["--send-timeout", "sendTimeoutMs", "without progress of an answer"],
  [
    "--send-min-rate",
    "sendBytesPerSecondMin",
    "bytes in a second that a client must take",
    "is off",
    SIZE,
  ],
  ["--send-rate-window", "sendRateWindowMs", "over which that rate is an average"],
  ["--keep-alive-timeout", "keepAliveTimeoutMs", "between two requests; 0: one each", "allowed"],
  [
    "--keep-alive-min-timeout",
    "keepAliveMinTimeoutMs",
    "idle at least when a shutdown closes",
    "allowed",
  ],
  ["--handler-timeout", "handlerTimeoutMs", "for the application to begin its answer"],
  ["--lingering-time", "lingerTimeMs", "to drop what comes behind a last answer", "allowed"],
  ["--lingering-timeout", "lingerTimeoutMs", "between two pieces of that", "allowed"],
  ["--thread-timeout", "threadDeadlineMs", "for a thread to make something or to end"],
  ["--thread-leave-timeout", "threadLeaveMs", "for a thread to leave a job nobody wants"],
];

const BODIES: ReadonlyArray<Row<keyof Limits>> = [
  ["--client-max-body-size", "clientBodyMaxBytes", "a request's body; 0: any", "off", SIZE],
  ["--client-body-buffer-size", "clientBodyBufferBytes", "of it in memory", "allowed", SIZE],
  ["--max-body-expansion", "bodyExpansionMax", "decoded bytes for each coded one", "wrong", COUNT],
];

const LIMITS: ReadonlyArray<Row<keyof Limits>> = [
  ["--max-head-size", "headBytesMax", "request line and header fields", "wrong", SIZE],
  ["--max-headers", "headerCountMax", "header fields of a request"],
  ["--max-target-size", "targetBytesMax", "the request target", "wrong", SIZE],
  ["--max-chunk-framing", "chunkFramingBytesMax", "chunks' extensions and trailers", "wrong", SIZE],
  ["--max-connections", "connectionsMax", "open connections"],
  ["--max-connections-per-address", "connectionsPerAddressMax", "of them from one address"],
  [
    "--max-refused-connections",
    "refusedConnectionsMax",
    "refused ones that hear their 503",
    "allowed",
  ],
  ["--max-requests", "requestsMax", "requests that are open at once"],
  ["--max-pipelined-requests", "pipelinedRequestsMax", "of them ahead on one connection"],
  ["--max-loop-lag", "loopLagMaxMs", "how late the loop may be; past it: 503", "wrong", TIME],
  ["--retry-after", "retryAfterMs", "what Retry-After of a 503 says", "allowed", TIME],
  ["--keep-alive-requests", "requestsPerConnectionMax", "requests on one connection"],
];

const BUFFERS: ReadonlyArray<Row<keyof Limits>> = [
  ["--max-input-size", "inputBytesMax", "read ahead while nobody takes it", "allowed"],
  ["--ready-output-size", "outputBytesReady", "queued, from which on send answers AGAIN"],
  ["--max-output-size", "outputBytesMax", "queued; past it a producer is cut off"],
  ["--max-turn-size", "turnBytesMax", "sent by one connection before the others go on"],
  ["--max-discard-size", "discardBytesMax", "of an unread body to keep a connection", "allowed"],
  ["--max-lingering-size", "lingerBytesMax", "dropped behind a last answer", "allowed"],
];

const THREADS: ReadonlyArray<Row<keyof Limits>> = [
  ["--threads", "threadsMax", "threads that run jobs", "wrong", COUNT],
  [
    "--max-thread-queue",
    "threadQueueMax",
    "jobs that wait for one; past it: 503",
    "allowed",
    COUNT,
  ],
  ["--max-thread-heap", "threadHeapMaxBytes", "heap of a thread, where it can be bounded"],
  ["--thread-window", "threadWindowBytes", "that a thread may be ahead of its client"],
  ["--max-thread-calls", "threadCallsMax", "calls of a job that have not run", "wrong", COUNT],
  ["--max-thread-result", "threadResultMaxBytes", "a result that is sent when it is whole"],
  ["--thread-result-buffer-size", "threadResultBufferBytes", "of it in memory", "allowed"],
];

const STEPS: ReadonlyArray<Row<keyof Limits>> = [
  ["--max-steps", "stepsMax", "computations in steps; past it: 503", "allowed", COUNT],
  ["--max-steps-lag", "stepsLagMaxMs", "how late the loop may be for one more"],
  ["--step-budget", "stepBudgetMs", "of a turn for all of them together"],
];

function flagsOf<Name>(
  group: string,
  kind: "clocks" | "limits",
  unit: Unit,
  rows: ReadonlyArray<Row<Name>>,
): Flag[] {
  return rows.map(([flag, name, words, zero = "wrong", own = unit]) => (
    { flag, group, unit: own, zero, words, place: [kind, name] as unknown as Flag["place"] }
  ));
}

export const FLAGS: readonly Flag[] = [
  ...flagsOf("Clocks (off: never):", "clocks", TIME, CLOCKS),
  ...flagsOf("Request bodies:", "limits", SIZE, BODIES),
  ...flagsOf("Limits (off: none):", "limits", COUNT, LIMITS),
  ...flagsOf("Buffers (off: none):", "limits", SIZE, BUFFERS),
  ...flagsOf("Threads (off: none):", "limits", SIZE, THREADS),
  ...flagsOf("Computations in steps (off: none):", "limits", TIME, STEPS),
];

/** Adds all flags of the table, and those of their groups that are no numbers. */
export function addServerFlags(command: Command): void {
  for (const flag of FLAGS) {
    const [kind, name] = flag.place;
    const fallback = kind === "clocks" ? DEFAULT_CLOCKS[name] : DEFAULT_LIMITS[name];
    const option = optionOf(flag.flag, flag.unit, flag.zero, flag.words, fallback);
    command.addOption(option.helpGroup(flag.group));
    if (name !== "clientBodyBufferBytes") continue;
    for (const own of bodyOptions()) command.addOption(own.helpGroup(flag.group));
  }
}

function bodyOptions(): Option[] {
  return [
    new Option("--client-body-temp-path <folder>", "for the files of larger ones"),
    new Option("--request-body <way>", "buffer: whole before a handler runs (stream)")
      .argParser((text) => {
        if (text === "stream" || text === "buffer") return text;
        throw new InvalidArgumentError("It is stream or buffer.");
      }),
    new Option("--request-codings <names>", "to undo, by comma; others: 415 (all are left alone)")
      .argParser((text) => text.split(",").map(readCoding)),
  ];
}

function readCoding(text: string): Coding {
  const coding = CODINGS.find((one) => one === text.trim());
  if (coding === undefined) throw new InvalidArgumentError(`There are ${CODINGS.join(", ")}.`);
  return coding;
}

/** An option whose value is a number of `unit`, or `off`. The default is told in the help alone. */
export function optionOf(
  flag: string,
  unit: Unit,
  zero: Zero,
  words: string,
  fallback: number,
): Option {
  return new Option(`${flag} ${unit.placeholder}`, `${words} (${unit.write(fallback)})`)
    .argParser((text: string) => readValue(text, unit, zero));
}

function readValue(text: string, unit: Unit, zero: Zero): number {
  if (text === OFF) return zero === "is off" ? 0 : Infinity;
  const value = unit.read(text);
  if (value === null) throw new InvalidArgumentError(unit.wanted);
  if (value !== 0 || zero === "allowed" || zero === "is off") return value;
  if (zero === "wrong") throw new InvalidArgumentError(`It is more than 0, or ${OFF}.`);
  return Infinity;
}

/** Picks the server's options out of what the command line has, by the attributes' names. */
export function serverOptionsOf(values: { readonly [attribute: string]: unknown }): ServeOptions {
  const clocks: { [name: string]: number } = {};
  const limits: { [name: string]: number } = {};
  for (const { flag, place: [kind, name] } of FLAGS) {
    const value = values[new Option(flag).attributeName()];
    if (typeof value === "number") (kind === "clocks" ? clocks : limits)[name] = value;
  }
  const own: Record<string, unknown> = {
    clientBodyTempDir: values["clientBodyTempPath"],
    requestBody: values["requestBody"],
    requestCodings: values["requestCodings"],
    compression: values["compression"],
  };
  const given = Object.entries(own).filter(([, value]) => value !== undefined);
  return { clocks, limits, ...Object.fromEntries(given) };
}
