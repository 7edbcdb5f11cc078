/**
 * The results as people and programs read them: the Markdown of the tables, its place in the
 * README, and the file with all rounds. It computes nothing that the summary does not say.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release } from "node:os";
import { fileURLToPath } from "node:url";
import type { BenchOptions } from "./options.ts";
import type { PeerVersions } from "./install_peers.ts";
import type { GatedServer, Round } from "./rounds.ts";
import { commandOf } from "./server_process.ts";
import type { Estimate } from "./statistics.ts";
import type { RatioSummary, ServerSummary, Summary } from "./summary.ts";

/** What the numbers depend on. */
export interface Facts {
  /** The day of the run, in UTC. */
  readonly date: string;
  readonly cores: number;
  readonly processor: string;
  readonly system: string;
  readonly runtimes: readonly string[];
  readonly peers: PeerVersions;
  readonly load: string;
}

/** All of a run. */
export interface Results {
  readonly facts: Facts;
  readonly options: BenchOptions;
  readonly summary: Summary;
  readonly servers: readonly GatedServer[];
  readonly rounds: readonly Round[];
}

export function gatherFacts(
  servers: readonly GatedServer[],
  peers: PeerVersions,
  load: string,
): Facts {
  const processors = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    cores: processors.length,
    processor: processors[0]?.model.trim() ?? "unknown",
    system: `Linux ${release()}, ${arch()}`,
    runtimes: [...new Set(servers.map((server) => server.runtime))],
    peers,
    load,
  };
}

/** The tables with what they depend on. */
export function markdownOf(results: Results): string {
  const { facts, options, rounds, summary } = results;
  const disturbed = rounds.filter((round) => round.disturbed).length;
  const packages = Object.entries(facts.peers).filter(([name]) => name !== "autocannon")
    .map(([name, version]) => `${name} ${version}`);
  return [
    `Measured on ${facts.date}: ${facts.cores} cores (${facts.processor}), ${facts.system};`,
    `${facts.runtimes.join(", ")}; ${packages.join(", ")}. Load: ${facts.load},`,
    `${options.connections} keep-alive connections, ${options.seconds} s after`,
    `${options.warmupSeconds} s of warm-up, ${rounds.length} rounds, of which ${disturbed} were`,
    "disturbed by other processes.",
    "",
    "Sluice divided by the other server, median over the rounds and its 95 % interval. Less CPU is",
    "better, more requests are better. A target is met when the median is at most the target.",
    "",
    ...tableOf(RATIO_HEAD, summary.ratios.map(ratioRow)),
    "",
    "Medians for each server. The client shares the cores, so where its CPU is near the server's,",
    "the requests per second say more of the client.",
    "",
    ...tableOf(SERVER_HEAD, summary.servers.map(serverRow)),
    "",
  ].join("\n");
}

const RATIO_HEAD = [
  "case",
  "runtime",
  "server",
  "beside",
  "CPU per request",
  "requests per second",
  "target",
  "",
];
const SERVER_HEAD = [
  "case",
  "runtime",
  "server",
  "CPU per request",
  "outside the kernel",
  "client's CPU",
  "requests per second",
  "p50",
  "p99",
];

function ratioRow(ratio: RatioSummary): string[] {
  const { targetMax, cpuPerRequest } = ratio;
  return [
    ratio.case,
    ratio.runtime,
    ratio.ours,
    ratio.theirs,
    show(cpuPerRequest),
    show(ratio.requestsPerSecond),
    targetMax === null ? "" : `≤ ${targetMax.toFixed(2)}`,
    targetMax === null ? "" : verdict(cpuPerRequest, targetMax),
  ];
}

function verdict(cpu: Estimate, targetMax: number): string {
  const met = cpu.median <= targetMax;
  const clear = met ? cpu.high <= targetMax : cpu.low > targetMax;
  return `${met ? "met" : "**not met**"}${clear ? "" : ", within the spread"}`;
}

function show(estimate: Estimate): string {
  const { median, low, high } = estimate;
  return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

function serverRow(server: ServerSummary): string[] {
  return [
    server.case,
    server.runtime,
    server.name,
    `${server.cpuPerRequestUs.toFixed(1)} µs`,
    `${server.userCpuPerRequestUs.toFixed(1)} µs`,
    `${server.clientCpuPerRequestUs.toFixed(1)} µs`,
    Math.round(server.requestsPerSecond).toLocaleString("en"),
    `${server.p50Ms.toFixed(2)} ms`,
    `${server.p99Ms.toFixed(2)} ms`,
  ];
}

function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

const README = "README.md";
const BEGIN = "<!-- results: begin -->";
const END = "<!-- results: end -->";

/** Writes the tables into the README and everything into a file of the day. */
export function publish(results: Results): void {
  const file = `results/${results.facts.date}.json`;
  mkdirSync(new URL("results/", import.meta.url), { recursive: true });
  writeFileSync(new URL(file, import.meta.url), JSON.stringify(results, null, 2) + "\n");
  const url = new URL(README, import.meta.url);
  const text = readFileSync(url, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`${README} has lost the markers of its results`);
  }
  const tables = `${markdownOf(results)}\nAll rounds: [${file}](${file}).\n`;
  writeFileSync(url, `${text.slice(0, begin + BEGIN.length)}\n\n${tables}\n${text.slice(end)}`);
  const paths = [README, file].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  spawnSync(commandOf("deno").command, ["fmt", "--quiet", ...paths], {
    stdio: "inherit",
  });
}
