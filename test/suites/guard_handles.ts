/**
 * A decorator for any reactor whose handles throw when somebody takes them for a number or a
 * string: what is opaque stays opaque. Knows the contract, and no runtime.
 *
 * @module
 */

import type { Buf } from "../../core/buf.ts";
import type { ByteText } from "../../core/capabilities/byte_text.ts";
import type { Codecs } from "../../core/capabilities/codecs.ts";
import type { Files } from "../../core/capabilities/files.ts";
import type { Context } from "../../core/capabilities/context.ts";
import type { Polls } from "../../core/capabilities/polls.ts";
import type { Threads } from "../../core/capabilities/threads.ts";
import type { WholeBodies } from "../../core/capabilities/whole_bodies.ts";
import type { Chain } from "../../core/chain.ts";
import type {
  Address,
  CloseReason,
  Handle,
  Listener,
  ListenOptions,
  LogLevel,
  Reactor,
  StreamEvents,
  TurnEvents,
} from "../../core/reactor.ts";
import type { SendCode } from "../../core/status.ts";

/** What a guarded handle throws when it is taken for a number or a string. */
export class HandleCoerced extends Error {
  override name = "HandleCoerced";
}

/** The same reactor with handles that cannot be coerced. */
export function guardHandles(reactor: Reactor): Reactor {
  return new GuardedReactor(reactor);
}

class GuardedHandle implements Handle {
  owner: unknown = null;

  [Symbol.toPrimitive](hint: string): never {
    throw new HandleCoerced(`a handle was taken for a ${hint}`);
  }

  valueOf(): never {
    throw new HandleCoerced("valueOf was called on a handle");
  }

  toString(): never {
    throw new HandleCoerced("toString was called on a handle");
  }

  toJSON(): never {
    throw new HandleCoerced("a handle was serialized");
  }
}

/** Which guard stands for which handle. By identity, as handles are compared. */
class Guards {
  readonly #guards = new WeakMap<Handle, GuardedHandle>();
  readonly #handles = new WeakMap<Handle, Handle>();

  guardOf(handle: Handle): GuardedHandle {
    let guard = this.#guards.get(handle);
    if (guard === undefined) {
      guard = new GuardedHandle();
      this.#guards.set(handle, guard);
      this.#handles.set(guard, handle);
    }
    return guard;
  }

  handleOf(guard: Handle): Handle {
    const handle = this.#handles.get(guard);
    if (handle === undefined) throw new TypeError("this is no handle of the guarded reactor");
    return handle;
  }
}

class GuardedEvents implements StreamEvents {
  readonly #events: StreamEvents;
  readonly #guards: Guards;

  constructor(events: StreamEvents, guards: Guards) {
    this.#events = events;
    this.#guards = guards;
  }

  onOpen(handle: Handle): void {
    this.#events.onOpen(this.#guards.guardOf(handle));
  }

  onData(handle: Handle, bytes: Uint8Array): void {
    this.#events.onData(this.#guards.guardOf(handle), bytes);
  }

  onWritable(handle: Handle): void {
    this.#events.onWritable(this.#guards.guardOf(handle));
  }

  onRelease(handle: Handle, buf: Buf): void {
    this.#events.onRelease(this.#guards.guardOf(handle), buf);
  }

  onEnd(handle: Handle): void {
    this.#events.onEnd(this.#guards.guardOf(handle));
  }

  onClose(handle: Handle, reason: CloseReason): void {
    this.#events.onClose(this.#guards.guardOf(handle), reason);
  }
}

class GuardedReactor implements Reactor {
  readonly runtime: string;
  readonly via: string;
  readonly codecs: Codecs;
  readonly files: Files;
  readonly context: Context;
  readonly polls: Polls;
  readonly threads: Threads;
  readonly wholeBodies: WholeBodies | null;
  readonly byteText: ByteText | null;
  readonly #reactor: Reactor;
  readonly #guards = new Guards();

  constructor(reactor: Reactor) {
    this.#reactor = reactor;
    this.runtime = reactor.runtime;
    this.via = reactor.via;
    this.polls = reactor.polls;
    this.codecs = reactor.codecs;
    this.files = reactor.files;
    this.context = reactor.context;
    this.threads = reactor.threads;
    this.wholeBodies = reactor.wholeBodies ?? null;
    this.byteText = reactor.byteText ?? null;
  }

  now(): number {
    return this.#reactor.now();
  }

  stopwatchMs(): number {
    return this.#reactor.stopwatchMs();
  }

  wallTime(): number {
    return this.#reactor.wallTime();
  }

  wakeAt(deadlineMs: number): void {
    this.#reactor.wakeAt(deadlineMs);
  }

  attach(events: TurnEvents): void {
    this.#reactor.attach(events);
  }

  soon(): void {
    this.#reactor.soon();
  }

  listen(address: Address, events: StreamEvents, options?: ListenOptions): Promise<Listener> {
    return this.#reactor.listen(address, new GuardedEvents(events, this.#guards), options);
  }

  connect(address: Address, events: StreamEvents): Handle {
    const guarded = new GuardedEvents(events, this.#guards);
    return this.#guards.guardOf(this.#reactor.connect(address, guarded));
  }

  send(handle: Handle, chain: Chain): SendCode {
    return this.#reactor.send(this.#guards.handleOf(handle), chain);
  }

  readStart(handle: Handle): void {
    this.#reactor.readStart(this.#guards.handleOf(handle));
  }

  readStop(handle: Handle): void {
    this.#reactor.readStop(this.#guards.handleOf(handle));
  }

  shutdown(handle: Handle): void {
    this.#reactor.shutdown(this.#guards.handleOf(handle));
  }

  close(handle: Handle): void {
    this.#reactor.close(this.#guards.handleOf(handle));
  }

  abort(handle: Handle): void {
    this.#reactor.abort(this.#guards.handleOf(handle));
  }

  remoteAddress(handle: Handle): Address {
    return this.#reactor.remoteAddress(this.#guards.handleOf(handle));
  }

  localAddress(handle: Handle): Address {
    return this.#reactor.localAddress(this.#guards.handleOf(handle));
  }

  log(level: LogLevel, text: string): void {
    this.#reactor.log(level, text);
  }

  random(into: Uint8Array): void {
    this.#reactor.random(into);
  }
}
