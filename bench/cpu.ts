/**
 * CPU time from Linux's `/proc`: of one process, of the children that ended, of the whole machine.
 * All in seconds; the kernel counts in ticks of 10 ms.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import process from "node:process";

/** What USER_HZ is on every Linux architecture that the runtimes support. */
const TICKS_PER_SECOND = 100;

/** CPU of a process with all its threads. The kernel samples how it splits; the sum is exact. */
export interface ProcessCpu {
  readonly user: number;
  readonly system: number;
}

export function cpuOfProcess(pid: number): ProcessCpu {
  const fields = statFields(`/proc/${pid}/stat`);
  return { user: ticks(fields, 11), system: ticks(fields, 12) };
}

/** User and system time of the children of this process that ended and were waited for. */
export function cpuOfEndedChildren(): number {
  const fields = statFields("/proc/self/stat");
  return ticks(fields, 13) + ticks(fields, 14);
}

/** User and system time of this process. */
export function cpuOfSelf(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

export interface MachineCpu {
  /** What all processes used; interrupts are left out, since they belong to nobody. */
  readonly busy: number;
  /** What the host took from this machine. */
  readonly stolen: number;
}

export function cpuOfMachine(): MachineCpu {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0]!;
  const fields = line.trim().split(/\s+/).slice(1);
  return {
    busy: ticks(fields, 0) + ticks(fields, 1) + ticks(fields, 2),
    stolen: ticks(fields, 7),
  };
}

/** The fields behind the command's name, which may hold blanks and parentheses itself. */
function statFields(path: string): string[] {
  const text = readFileSync(path, "utf8");
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function ticks(fields: readonly string[], index: number): number {
  return Number(fields[index]) / TICKS_PER_SECOND;
}
