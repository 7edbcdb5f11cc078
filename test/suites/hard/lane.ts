/**
 * One client of the hard test of finishing later: it sends its trials one connection after another,
 * some of them pipelined, leaves where it is to leave, and notes what it gets. It knows the fates'
 * outcomes only as far as it must: who leaves, and with whom a connection ends.
 *
 * @module
 */

import type { RawClient } from "../server/bench.ts";
import { parseAnswers } from "../server/answers.ts";
import type { Dice, HardBench } from "./hard_bench.ts";
import { resets } from "./fates.ts";
import type { Trial } from "./trial.ts";

/** How many requests go out before an answer is waited for. */
const PIPELINED_MAX = 3;

export class Lane {
  /** How many connections it needed. */
  connects = 0;
  readonly faults: string[] = [];
  readonly #bench: HardBench;
  readonly #dice: Dice;
  readonly #trials: readonly Trial[];
  readonly #pipelines: boolean;
  #client: RawClient | null = null;
  /** Sent on this connection and not yet done, oldest first. */
  #sent: Trial[] = [];
  #next = 0;
  #seenBytes = 0;

  constructor(bench: HardBench, dice: Dice, trials: readonly Trial[], pipelines: boolean) {
    this.#bench = bench;
    this.#dice = dice;
    this.#trials = trials;
    this.#pipelines = pipelines;
  }

  /** True exactly when all its trials are done at this side. */
  get isDone(): boolean {
    return this.#next === this.#trials.length && this.#sent.length === 0;
  }

  /** How many connections it must need when each is kept for as long as it can be. */
  get connectsWanted(): number {
    return 1 + this.#trials.slice(0, -1).filter((trial) => trial.fate.ends).length;
  }

  /** Does what there is to do now. To be called in every turn; cheap when there is nothing. */
  step(): void {
    const client = this.#client;
    if (client === null) {
      if (!this.isDone) this.#connect();
      return;
    }
    const hasEnded = client.ended || client.closed !== null;
    if (client.receivedBytes > this.#seenBytes || hasEnded) this.#takeAnswers(client, hasEnded);
    const trial = this.#sent[0];
    if (hasEnded) {
      this.#ended(client, trial);
    } else if (trial === undefined) {
      if (!this.isDone) this.#send(client);
    } else if (trial.fate.client !== "stays" && trial.openHolds > 0 && !trial.left) {
      this.#leave(client, trial);
    }
  }

  /** Ends its last connection, with nothing under way. */
  close(): void {
    if (this.#client !== null) this.#bench.rig.reactor.close(this.#client.handle);
  }

  #connect(): void {
    this.connects++;
    this.#client = this.#bench.connect();
    this.#seenBytes = 0;
    this.#send(this.#client);
  }

  #send(client: RawClient): void {
    const count = this.#pipelines ? 1 + this.#dice.below(PIPELINED_MAX) : 1;
    const texts: string[] = [];
    for (let i = 0; i < count && this.#next < this.#trials.length; i++) {
      const trial = this.#trials[this.#next]!;
      // A reset also takes away what the client has not read of the answers before it.
      if (i > 0 && resets(trial.fate)) break;
      this.#next++;
      this.#sent.push(trial);
      client.methods.push("GET");
      texts.push(`GET ${trial.target} HTTP/1.1\r\nHost: test\r\n\r\n`);
      if (trial.fate.ends) break;
    }
    if (this.#dice.below(2) === 0) client.send(texts.join(""));
    else for (const text of texts) client.send(text);
  }

  #takeAnswers(client: RawClient, hasEnded: boolean): void {
    this.#seenBytes = client.receivedBytes;
    const { answers, rest } = parseAnswers(client.received, client.methods, hasEnded);
    client.received = rest;
    client.methods.splice(0, answers.length);
    for (const { status, body } of answers) {
      const trial = this.#sent[0];
      if (trial === undefined) {
        this.faults.push(`an answer that nobody waits for: ${status} ${body.slice(0, 40)}`);
        continue;
      }
      trial.answers.push({ status, body });
      if (!trial.fate.ends) this.#done(trial);
    }
  }

  #leave(client: RawClient, trial: Trial): void {
    trial.left = true;
    if (trial.fate.client === "half-closes") client.fin();
    else if (trial.leaving === "reset") client.reset();
    else this.#bench.rig.reactor.close(client.handle);
  }

  #ended(client: RawClient, trial: Trial | undefined): void {
    if (client.closed === null) {
      this.#bench.rig.reactor.close(client.handle);
      return;
    }
    this.#client = null;
    if (trial?.fate.ends === true) {
      this.#done(trial);
      return;
    }
    this.faults.push(`a connection ended before ${trial?.target ?? "the next request"}`);
    // What was sent on it gets no answer any more.
    for (const lost of [...this.#sent]) this.#done(lost);
  }

  #done(trial: Trial): void {
    trial.clientDone = true;
    this.#sent.shift();
  }
}
