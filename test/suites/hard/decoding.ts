/**
 * Reads one compressed answer as it comes: what can be decoded is there at once, and not more. It
 * knows the codecs of its column.
 *
 * @module
 */

import type { Codec, Coding } from "../../../core/capabilities/codecs.ts";
import type { ServerBench } from "../server/bench.ts";
import { BodyTap } from "./body_tap.ts";

/** Decodes an answer as it comes. */
export class Decoding {
  text = "";
  readonly #bench: ServerBench;
  readonly #sink: (bytes: Uint8Array) => void;
  readonly #tap: BodyTap;
  readonly #output = new Uint8Array(65_536);
  #codec: Codec | null = null;

  /** `sink` gets decoded bytes, which are valid during the call; without one there is `text`. */
  constructor(bench: ServerBench, sink?: (bytes: Uint8Array) => void) {
    this.#bench = bench;
    this.#sink = sink ?? ((bytes) => void (this.text += latin1.decode(bytes)));
    this.#tap = new BodyTap((bytes) => this.#decode(bytes));
  }

  get isDone(): boolean {
    return this.#tap.isDone;
  }

  take(bytes: Uint8Array): void {
    this.#tap.take(bytes);
  }

  close(): void {
    this.#codec?.close();
  }

  #decode(bytes: Uint8Array): void {
    const coding = /content-encoding: (\w+)/i.exec(this.#tap.head)![1] as Coding;
    const codec = this.#codec ??= this.#bench.rig.reactor.codecs.decoder(coding)!;
    for (let pos = 0;;) {
      const step = codec.step(bytes, pos, bytes.length, this.#output, "write");
      pos += codec.taken;
      if (codec.made > 0) this.#sink(this.#output.subarray(0, codec.made));
      if (step !== "full") return;
    }
  }
}

/** Asks, and decodes what comes as it comes. */
export function decode(bench: ServerBench, target: string, coding: string): Decoding {
  const decoding = new Decoding(bench);
  const client = bench.connect();
  client.keeps = false;
  client.onBytes = (bytes) => decoding.take(bytes);
  client.request("GET", target, `Accept-Encoding: ${coding}`);
  return decoding;
}

const latin1 = new TextDecoder("latin1");
