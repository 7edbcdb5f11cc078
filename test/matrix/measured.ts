/**
 * The numbers that tests measured, as text: a test prints a line `measured: column | what | value`,
 * and here all of them stand together. Knows such lines and the results that they stand in.
 *
 * @module
 */

import type { JobResult } from "./run.ts";

interface Measured {
  readonly where: string;
  readonly what: string;
  readonly value: string;
}

/** One paragraph for each thing that was measured, a line for each column; "" without any. */
export function renderMeasured(results: readonly JobResult[]): string {
  const all = results.flatMap(measuredIn);
  if (all.length === 0) return "";
  const width = Math.max(...all.map(({ where }) => where.length));
  const things = [...new Set(all.map(({ what }) => what))].sort();
  const paragraphs = things.map((thing) => {
    const lines = all.filter(({ what }) => what === thing)
      .map(({ where, value }) => `      ${where.padEnd(width)}  ${value}\n`);
    return `  ${thing}\n${lines.sort().join("")}`;
  });
  return `Measured\n${paragraphs.join("")}`;
}

function measuredIn({ job, output }: JobResult): Measured[] {
  const runtime = job.column === "memory" ? ` on ${job.runtime}` : "";
  return [...output.matchAll(/^measured: (.*?) \| (.*?) \| (.*)$/gm)]
    .map(([, column, what, value]) => ({
      where: `${column}${runtime}`,
      what: what!,
      value: value!,
    }));
}
