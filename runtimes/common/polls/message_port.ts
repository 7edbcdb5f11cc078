/**
 * A `MessagePort` as something that can be waited for: that of the web, or of
 * `node:worker_threads`. Messages of bytes are read; others are taken as they are. It knows ports,
 * and not which platform's.
 *
 * A port has no back-pressure (nodejs/node#37428, denoland/deno#17517): it can always be written,
 * and what came and was not taken is kept, however much it is.
 *
 * @module
 */

// Deno 2.9 tells a port that the other one closed only when this module is loaded.
import "node:worker_threads";
import {
  AdoptError,
  type Direction,
  type Pollable,
  type PollState,
  type Released,
  type Taken,
} from "../../../core/capabilities/polls.ts";
import { AGAIN } from "../../../core/status.ts";
import { joined } from "../../../core/work/pieces.ts";
import { bytesOf } from "../../../core/work/prefetch.ts";
import { Watchers } from "../../../core/work/watchers.ts";

interface Port {
  onmessage: unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
  addEventListener(type: string, listener: (event: { data?: unknown }) => void): void;
  removeEventListener(type: string, listener: (event: { data?: unknown }) => void): void;
  listenerCount?(name: string): number;
}

/** Null for anything else. */
export function openMessagePort(source: object): Pollable | null {
  if (source.constructor?.name !== "MessagePort") return null;
  const port = source as Port;
  if (typeof port.onmessage === "function" || (port.listenerCount?.("message") ?? 0) > 0) {
    throw new AdoptError("owned", "somebody listens to this port already");
  }
  return new PortPollable(port);
}

class PortPollable implements Pollable {
  readonly #port: Port;
  /** What came and was not taken; the first may be the rest of a message. */
  readonly #messages: unknown[] = [];
  #isListening = false;
  #isClosed = false;
  readonly #watchers = new Watchers();

  constructor(port: Port) {
    this.#port = port;
    port.addEventListener("close", this.#closed);
  }

  poll(direction: Direction): PollState {
    if (direction === "write") return this.#isClosed ? "hangup" : "ready";
    if (this.#messages.length > 0) return "ready";
    return this.#isClosed ? "hangup" : "waiting";
  }

  watch(direction: Direction, changed: () => void): void {
    this.#watchers.watch(direction, changed);
    if (direction === "read") this.#listen();
  }

  unwatch(direction: Direction): void {
    this.#watchers.unwatch(direction);
  }

  #listen(): void {
    if (this.#isListening) return;
    this.#isListening = true;
    this.#port.addEventListener("message", this.#message);
    this.#port.start();
  }

  tryRead(bytesMax: number): Uint8Array | null | typeof AGAIN {
    for (;;) {
      if (this.#messages.length === 0) return this.#nothing();
      const bytes = bytesOf(this.#messages[0]);
      if (bytes.length > bytesMax) {
        this.#messages[0] = bytes.subarray(bytesMax);
        return bytes.subarray(0, bytesMax);
      }
      this.#messages.shift();
      if (bytes.length > 0) return bytes;
    }
  }

  tryTake(): Taken | null | typeof AGAIN {
    return this.#messages.length === 0 ? this.#nothing() : { value: this.#messages.shift() };
  }

  #nothing(): null | typeof AGAIN {
    if (this.#isClosed) return null;
    this.#listen();
    return AGAIN;
  }

  tryWrite(bytes: Uint8Array): number {
    if (this.#isClosed) throw new Error("nothing can be written any more: the port is closed");
    this.#port.postMessage(bytes.slice());
    return bytes.length;
  }

  release(): Promise<Released> {
    this.#letGo();
    return Promise.resolve({ prefetched: joined(this.#messages.map(bytesOf)), late: null });
  }

  close(): void {
    this.#letGo();
    this.#port.close();
  }

  #letGo(): void {
    this.#port.removeEventListener("message", this.#message);
    this.#port.removeEventListener("close", this.#closed);
  }

  readonly #message = (event: { data?: unknown }): void => {
    this.#messages.push(event.data);
    this.#watchers.tellReading();
  };

  readonly #closed = (): void => {
    this.#isClosed = true;
    this.#watchers.tellBoth();
  };
}
