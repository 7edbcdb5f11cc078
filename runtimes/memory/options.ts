/**
 * What the in-memory runtime can be told, and what it tells: options, lines of the log, what is
 * left to happen. Types and prose only.
 *
 * @module
 */

import type { LogLevel } from "../../core/reactor.ts";
import type { DiskOptions } from "./disk.ts";
import type { FaultEvent, MemoryFaults } from "./faults.ts";

/** What the world is like: its seed, its faults, its sizes and its clocks. */
export interface MemoryReactorOptions extends DiskOptions {
  /** Where the random bytes and the faults start. Default: 1. */
  readonly seed?: number;
  /** What goes wrong, and how often. The same seed gives the same faults. Default: nothing. */
  readonly faults?: MemoryFaults;
  /** Told of each fault as it happens. */
  readonly onFault?: (fault: FaultEvent) => void;
  /**
   * How many bytes each direction of a stream holds in flight, and again with the receiver, before
   * `send` answers `AGAIN`. Small values make that frequent. Default: 65,536.
   */
  readonly bufferBytes?: number;
  /** How many bytes one event carries at most, 1 … 65,536. Default: 65,536. */
  readonly segmentBytes?: number;
  /** What `now()` says at first, in milliseconds. Default: 0. */
  readonly startTimeMs?: number;
  /** What `wallTime()` says at first, in milliseconds since 1970. Default: 1 January 2030, UTC. */
  readonly wallTimeMs?: number;
  /** Whether lent memory is checksummed, so that a write to it is found out. Default: true. */
  readonly watchLent?: boolean;
  /**
   * The exports of modules whose jobs run in threads, by absolute URL. Others are imported: which
   * the controls wait for, but for those that are synchronous. Default: none.
   */
  readonly threadModules?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Gets each line of the log as well, at once. */
  readonly onLog?: (line: LogLine) => void;
}

/** One line of the log. */
export interface LogLine {
  /** How bad it is. */
  readonly level: LogLevel;
  /** As it was logged, line breaks too. */
  readonly text: string;
}

/** How far the world is run for a condition, before that is given up. */
export interface RunUntilOptions {
  /** How far the clock may move while there is nothing else to do. Default: 0, it stands still. */
  readonly withinMs?: number;
  /**
   * How many turns of the real event loop pass with nothing to run before the clock moves. More are
   * needed where handlers wait for the real world: digests, files, threads. Default: 20.
   */
  readonly idleTurns?: number;
  /** How many events may run at one time before it is given up. Default: 1,000,000. */
  readonly eventsMax?: number;
}

/** What is left to happen, in words: for leak checks. */
export interface Pending {
  /** The events that would run now, oldest first. Empty after `run()`. */
  readonly runnable: readonly string[];
  /** What faults have put off: `release local -> remote at 250 ms`, the next first. */
  readonly postponed: readonly string[];
  /** The ends of streams that have not had their `onClose`: `local -> remote`. */
  readonly open: readonly string[];
  /** The addresses that are listened on. */
  readonly listening: readonly string[];
  /** The files that are open. */
  readonly files: readonly string[];
  /** How many buffers are lent. */
  readonly lentBufs: number;
  /** The wake-up that was asked for, on the scale of `now()`; `Infinity` when none was. */
  readonly wakeAtMs: number;
}
