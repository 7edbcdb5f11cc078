/**
 * What can be waited for in memory: pipes that a test makes, and web streams, which need no
 * platform. It knows the reactor's own streams and nothing of how they travel.
 *
 * @module
 */

import {
  AdoptError,
  type OpenedPipe,
  type Pollable,
  type Polls,
} from "../../core/capabilities/polls.ts";
import type { Handle, Listener, Sockets, Streams } from "../../core/reactor.ts";
import { StreamPollable } from "../../core/work/stream_pollable.ts";
import { openWebStream } from "../common/polls/web_stream.ts";
import { MemoryClient } from "./client.ts";

/** A pipe, and a FIFO if it has a path. */
export interface MemoryPipe {
  /** What an application owns: give it to `adopt`, once. */
  readonly source: object;
  /** The other end: it writes what the handle reads, and reads what the handle writes. */
  readonly far: MemoryClient;
}

export class MemoryPolls implements Polls {
  readonly #reactor: Sockets & Streams;
  readonly #pollables = new WeakMap<object, Pollable>();
  /** FIFOs that nobody has opened for reading. */
  readonly #fifos = new Map<string, object>();
  #lastPipe = 0;

  constructor(reactor: Sockets & Streams) {
    this.#reactor = reactor;
  }

  pipe(path?: string): MemoryPipe {
    const pollable = new PipeEnd(this.#reactor);
    const address = {
      transport: "unix",
      path: path ?? `/pipes/${++this.#lastPipe}`,
    } as const;
    pollable.listening = this.#reactor.listen(address, pollable);
    const far = new MemoryClient(this.#reactor, address);
    const source = { [Symbol.toStringTag]: "MemoryPipe" };
    this.#pollables.set(source, pollable);
    if (path !== undefined) this.#fifos.set(path, source);
    return { source, far };
  }

  open(source: object): Pollable | null {
    return this.#pollables.get(source) ?? openWebStream(source);
  }

  // deno-lint-ignore require-await -- what is missing has to come out as a rejection
  async openPipe(path: string): Promise<OpenedPipe> {
    const source = this.#fifos.get(path);
    if (source === undefined) throw new AdoptError("missing", `there is no FIFO at ${path}`);
    this.#fifos.delete(path);
    return { source, pollable: this.#pollables.get(source)! };
  }
}

/** The end that is waited for. One other end is all that a pipe in memory has. */
class PipeEnd extends StreamPollable {
  listening: Promise<Listener> | null = null;

  override onOpen(handle: Handle): void {
    super.onOpen(handle);
    this.listening?.then((listener) => listener.close());
  }
}
