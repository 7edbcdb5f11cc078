/**
 * The schedule: the one place that decides which of the runnable events comes next, how many bytes
 * move in one event, and what goes wrong. It knows tasks by age and by time; it knows nothing of
 * what they do.
 *
 * Everything that happens in the in-memory runtime is a task. A task that is runnable does not
 * depend on any other runnable one: each looks at its stream's state when it runs, so any order is
 * a legal order. That is what lets a schedule choose freely.
 *
 * @module
 */

/** Where bytes move: out of a chain, into the peer's kernel buffer, or up to `onData`. */
export type Move = "take" | "carry" | "deliver";

/**
 * What may come late: a new stream, the next segment, a release, a wake-up, a file's answer, a
 * thread's start, what it says.
 */
export type Delay =
  | "open"
  | "carry"
  | "release"
  | "wake"
  | "file"
  | "threadStart"
  | "threadMessage";

/**
 * What may befall a stream: it fails at either end; an end is lost; a send finds it dead. A file:
 * its directory is gone; there is no room for its bytes; they cannot be read. And a thread: it does
 * not start; it dies.
 */
export type Blow =
  | "refuse"
  | "acceptError"
  | "halfClose"
  | "sendError"
  | "noDirectory"
  | "diskFull"
  | "badRead"
  | "noThread"
  | "deadThread";

/** Whether `send` answers AGAIN although it need not, and whether it took what fits before. */
export type Again = "no" | "taking nothing" | "taking what fits";

/** Whoever a decision is about, for reports. */
export interface Subject {
  toString(): string;
}

export interface Schedule {
  /** Which of `count` runnable tasks comes next: 0 is the one that has waited longest. */
  next(count: number): number;
  /** How many of `most` bytes (1 or more) move in this event: 1 … `most`. */
  bytes(move: Move, most: number, stream: Subject): number;
  /** What this `send` does. */
  again(stream: Subject): Again;
  /** By how many milliseconds an event that could happen now comes late; 0 for not at all. */
  lateByMs(delay: Delay, subject: Subject): number;
  /** True exactly when the stream or the file is struck now. */
  strikes(blow: Blow, subject: Subject): boolean;
  /** In how many milliseconds the stream is reset on its way; -1 for not now. */
  resetInMs(stream: Subject): number;
  /** How many milliseconds the process slept through, where the clock moves on. */
  sleptMs(): number;
  /** By how many milliseconds somebody has set the wall clock, where the clock moves on. */
  wallStepMs(): number;
}

/** First come, first served, as many bytes as there is room for, and nothing goes wrong. */
export const IN_ORDER: Schedule = {
  next: () => 0,
  bytes: (_move, most) => most,
  again: () => "no",
  lateByMs: () => 0,
  strikes: () => false,
  resetInMs: () => -1,
  sleptMs: () => 0,
  wallStepMs: () => 0,
};

/** One event that may happen, again and again: each time that it is added it runs once. */
export class Task {
  /** True exactly when it waits in the queue, to run now or later. */
  isWaiting = false;
  readonly #name: string;
  readonly #subject: Subject;
  readonly run: () => void;

  /** `name` and `subject` are for reports: what would happen, and to whom. */
  constructor(name: string, subject: Subject, run: () => void) {
    this.#name = name;
    this.#subject = subject;
    this.run = run;
  }

  toString(): string {
    const subject = this.#subject.toString();
    return subject === "" ? this.#name : `${this.#name} ${subject}`;
  }
}

/** A task that is not runnable before its time. */
interface Postponed {
  readonly task: Task;
  readonly atMs: number;
}

/** The runnable tasks, oldest first, and those that come later. */
export class TaskQueue {
  readonly #schedule: Schedule;
  #tasks: Task[] = [];
  /** Where the oldest one is: taking it moves this, and the front is cut off now and then. */
  #head = 0;
  /** By time, the latest first; of the same time, the oldest last. */
  readonly #postponed: Postponed[] = [];

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** How many are runnable. */
  get length(): number {
    return this.#tasks.length - this.#head;
  }

  /** When the next of the postponed tasks becomes runnable; `Infinity` when there is none. */
  get nextAtMs(): number {
    return this.#postponed.at(-1)?.atMs ?? Infinity;
  }

  /** Makes a task runnable. One that waits already keeps its age, or its time. */
  add(task: Task): void {
    if (task.isWaiting) return;
    task.isWaiting = true;
    this.#tasks.push(task);
  }

  /** Makes a task runnable at `atMs`. One that waits already keeps its age, or its time. */
  postpone(task: Task, atMs: number): void {
    if (task.isWaiting) return;
    task.isWaiting = true;
    const later = this.#postponed.findLastIndex((other) => other.atMs > atMs);
    this.#postponed.splice(later + 1, 0, { task, atMs });
  }

  /** The clock says `nowMs`: what was postponed until then is runnable. */
  timeIs(nowMs: number): void {
    while (this.nextAtMs <= nowMs) this.#tasks.push(this.#postponed.pop()!.task);
  }

  /** Takes the next task by the schedule, or null when there is none. */
  take(): Task | null {
    if (this.length === 0) return null;
    const index = this.#head + this.#schedule.next(this.length);
    const task = this.#tasks[index]!;
    task.isWaiting = false;
    if (index === this.#head) this.#head++;
    else this.#tasks.splice(index, 1);
    if (this.#head > 1024 && this.#head * 2 > this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#head);
      this.#head = 0;
    }
    return task;
  }

  /** What is runnable, oldest first, in words. */
  describe(): string[] {
    return this.#tasks.slice(this.#head).map(String);
  }

  /** What comes later, the next first, in words with its time. */
  describePostponed(): string[] {
    return this.#postponed.toReversed().map(({ task, atMs }) => `${task} at ${atMs} ms`);
  }
}
