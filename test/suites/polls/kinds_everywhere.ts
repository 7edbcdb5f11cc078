/**
 * Kinds of sources that every column has, the in-memory one too: pairs of web streams, what comes
 * in by the foreign door, and streams of the reactor itself. Knows no runtime.
 *
 * @module
 */

import { bufOf, releaseBuf } from "../../../core/buf.ts";
import type { Direction, Pollable, PollState } from "../../../core/capabilities/polls.ts";
import { Chain } from "../../../core/chain.ts";
import type { Address, Handle, Reactor, StreamEvents } from "../../../core/reactor.ts";
import { AGAIN } from "../../../core/status.ts";
import { type ForeignSource, openStream, POLLABLE } from "../../../core/work/adopt.ts";
import { type Ends, type Kind, NO_OTHER_OWNER, readWebStream, takingOf } from "./ends.ts";

export const EVERYWHERE: readonly Kind[] = [
  { name: "web stream pair", without: [], make: () => Promise.resolve(webPair()) },
  {
    name: '`[Symbol.for("sluice.pollable")]`',
    without: [],
    make: () => Promise.resolve(foreign()),
  },
  {
    name: "`openStream(address)`",
    without: [],
    gaps: { detach: NO_OTHER_OWNER },
    make: async ({ reactor, home }) => {
      const far = new FarStream(reactor);
      const address = await far.listen();
      return { ...far.ends(), handle: openStream(address, home), dispose: () => far.dispose() };
    },
  },
];

function webPair(): Ends {
  const toward = new TransformStream<Uint8Array, Uint8Array>();
  const away = new TransformStream<Uint8Array, Uint8Array>();
  const writer = toward.writable.getWriter();
  writer.closed.catch(() => {});
  const reader = away.readable.getReader();
  const taking = takingOf(reader);
  return {
    ...taking,
    source: { readable: toward.readable, writable: away.writable },
    feed: (bytes) => void writer.write(bytes).catch(() => {}),
    endFeed: () => void writer.close().catch(() => {}),
    leave: () => void reader.cancel(),
    readNatively: (count) => readWebStream(toward.readable, count),
    dispose: () => taking.stopTaking(),
  };
}

/** A channel as another world might have it: readiness and a callback, with a bound of 8 bytes. */
class Channel implements ForeignSource {
  inbox: number[] = [];
  outbox = 0;
  taken = 0;
  isEnded = false;
  isBroken = false;
  isTaking = true;
  readonly #told: { [direction in Direction]: (() => void) | null } = { read: null, write: null };

  [POLLABLE](): Pollable {
    return {
      poll: (direction) => this.#poll(direction),
      watch: (direction, changed) => {
        this.#told[direction] = changed;
      },
      unwatch: (direction) => {
        this.#told[direction] = null;
      },
      tryRead: (bytesMax) => {
        if (this.inbox.length > 0) return Uint8Array.from(this.inbox.splice(0, bytesMax));
        return this.isEnded ? null : AGAIN;
      },
      tryWrite: (bytes) => {
        if (this.isBroken) throw new Error("the channel is broken");
        const count = Math.min(bytes.length, CHANNEL_BYTES_MAX - this.outbox);
        this.outbox += count;
        this.take();
        return count;
      },
    };
  }

  #poll(direction: Direction): PollState {
    if (direction === "write") {
      if (this.isBroken) return "error";
      return this.outbox < CHANNEL_BYTES_MAX ? "ready" : "waiting";
    }
    return this.inbox.length > 0 ? "ready" : this.isEnded ? "hangup" : "waiting";
  }

  /** The other side reads, when it does. */
  take(): void {
    if (!this.isTaking) return;
    this.taken += this.outbox;
    this.outbox = 0;
    this.tell();
  }

  tell(): void {
    this.#told.read?.();
    this.#told.write?.();
  }
}

const CHANNEL_BYTES_MAX = 8;

function foreign(): Ends {
  const channel = new Channel();
  return {
    source: channel,
    feed(bytes) {
      channel.inbox.push(...bytes);
      channel.tell();
    },
    endFeed() {
      channel.isEnded = true;
      channel.tell();
    },
    got: () => channel.taken,
    stopTaking() {
      channel.isTaking = false;
    },
    goOnTaking() {
      channel.isTaking = true;
      channel.take();
    },
    leave() {
      channel.isBroken = true;
      channel.tell();
    },
    dispose() {},
  };
}

/** The far end of a stream of the reactor: a listener of one connection. */
class FarStream implements StreamEvents {
  readonly #reactor: Reactor;
  readonly #out = new Chain();
  #handle: Handle | null = null;
  #ends = false;
  #isBlocked = false;
  #isTaking = true;
  #stopListening: () => void = () => {};
  got = 0;

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
  }

  async listen(): Promise<Address> {
    const where: Address = { transport: "tcp", host: "127.0.0.1", port: 0 };
    const listener = await this.#reactor.listen(where, this);
    this.#stopListening = () => void listener.close();
    return listener.address;
  }

  ends(): Omit<Ends, "dispose"> {
    return {
      feed: (bytes) => {
        this.#out.append(bufOf(bytes.slice()));
        this.#push();
      },
      endFeed: () => {
        this.#ends = true;
        this.#push();
      },
      got: () => this.got,
      stopTaking: () => this.#take(false),
      goOnTaking: () => this.#take(true),
      leave: () => this.#reactor.abort(this.#handle!),
    };
  }

  #take(isTaking: boolean): void {
    this.#isTaking = isTaking;
    if (this.#handle === null) return;
    if (isTaking) this.#reactor.readStart(this.#handle);
    else this.#reactor.readStop(this.#handle);
  }

  dispose(): void {
    if (this.#handle !== null) this.#reactor.abort(this.#handle);
    this.#stopListening();
  }

  onOpen(handle: Handle): void {
    this.#handle = handle;
    if (!this.#isTaking) this.#reactor.readStop(handle);
    this.#push();
  }

  onData(_handle: Handle, bytes: Uint8Array): void {
    this.got += bytes.length;
  }

  onWritable(): void {
    this.#isBlocked = false;
    this.#push();
  }

  #push(): void {
    if (this.#handle === null || this.#isBlocked) return;
    if (!this.#out.isEmpty) this.#isBlocked = this.#reactor.send(this.#handle, this.#out) === AGAIN;
    if (this.#out.isEmpty && this.#ends) this.#reactor.shutdown(this.#handle);
  }

  onRelease(_handle: Handle, buf: Parameters<StreamEvents["onRelease"]>[1]): void {
    releaseBuf(buf);
  }

  onEnd(): void {}
  onClose(): void {}
}
