/**
 * The schedule: the one place that decides which of the runnable events comes next, and how many
 * bytes move in one event. It knows tasks by age; it knows nothing of what they do.
 *
 * Everything that happens in the in-memory runtime is a task. A task that is runnable does not
 * depend on any other runnable one: each looks at its stream's state when it runs, so any order is
 * a legal order. That is what lets a schedule choose freely.
 *
 * @module
 */

/** Where bytes move: out of a chain, into the peer's kernel buffer, or up to `onData`. */
export type Move = "take" | "carry" | "deliver";

export interface Schedule {
  /** Which of `count` runnable tasks comes next: 0 is the one that has waited longest. */
  next(count: number): number;
  /** How many of `most` bytes (1 or more) move in this event: 1 … `most`. */
  bytes(move: Move, most: number): number;
}

/** First come, first served, and as many bytes as there is room for. */
export const IN_ORDER: Schedule = {
  next: () => 0,
  bytes: (_move, most) => most,
};

/** One event that may happen, again and again: each time that it is added it runs once. */
export class Task {
  /** True exactly when it waits in the queue. */
  isRunnable = false;
  readonly #name: string;
  readonly #subject: () => string;
  readonly run: () => void;

  /** `name` and `subject` are for reports: what would happen, and to whom. */
  constructor(name: string, subject: () => string, run: () => void) {
    this.#name = name;
    this.#subject = subject;
    this.run = run;
  }

  toString(): string {
    const subject = this.#subject();
    return subject === "" ? this.#name : `${this.#name} ${subject}`;
  }
}

/** The runnable tasks, oldest first. */
export class TaskQueue {
  readonly #schedule: Schedule;
  #tasks: Task[] = [];
  /** Where the oldest one is: taking it moves this, and the front is cut off now and then. */
  #head = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  get length(): number {
    return this.#tasks.length - this.#head;
  }

  /** Makes a task runnable. One that is runnable already keeps its age. */
  add(task: Task): void {
    if (task.isRunnable) return;
    task.isRunnable = true;
    this.#tasks.push(task);
  }

  /** Takes the next task by the schedule, or null when there is none. */
  take(): Task | null {
    if (this.length === 0) return null;
    const index = this.#head + this.#schedule.next(this.length);
    const task = this.#tasks[index]!;
    task.isRunnable = false;
    if (index === this.#head) this.#head++;
    else this.#tasks.splice(index, 1);
    if (this.#head > 1024 && this.#head * 2 > this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#head);
      this.#head = 0;
    }
    return task;
  }

  /** What waits, oldest first, in words. */
  describe(): string[] {
    return this.#tasks.slice(this.#head).map(String);
  }
}
