/**
 * A reactor on top of another one, which passes everything on: calls down, events up. For those
 * that look on, that break something, or that hand out handles of their own. It knows the contract,
 * and changes nothing itself.
 *
 * @module
 */

import type { Buf } from "../../core/buf.ts";
import type { ByteText } from "../../core/capabilities/byte_text.ts";
import type { Codecs } from "../../core/capabilities/codecs.ts";
import type { Context } from "../../core/capabilities/context.ts";
import type { Files } from "../../core/capabilities/files.ts";
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

/** Passes every call on. */
export class PassingReactor implements Reactor {
  readonly runtime: string;
  readonly via: string;
  readonly context: Context;
  protected readonly under: Reactor;

  constructor(under: Reactor) {
    this.under = under;
    this.runtime = under.runtime;
    this.via = under.via;
    this.context = under.context;
  }

  get wholeBodies(): WholeBodies | null {
    return this.under.wholeBodies ?? null;
  }

  get byteText(): ByteText | null {
    return this.under.byteText ?? null;
  }

  get threads(): Threads {
    return this.under.threads;
  }

  get files(): Files {
    return this.under.files;
  }

  get codecs(): Codecs {
    return this.under.codecs;
  }

  get polls(): Polls {
    return this.under.polls;
  }

  now(): number {
    return this.under.now();
  }

  stopwatchMs(): number {
    return this.under.stopwatchMs();
  }

  wallTime(): number {
    return this.under.wallTime();
  }

  wakeAt(deadlineMs: number): void {
    this.under.wakeAt(deadlineMs);
  }

  attach(events: TurnEvents): void {
    this.under.attach(events);
  }

  soon(): void {
    this.under.soon();
  }

  listen(address: Address, events: StreamEvents, options?: ListenOptions): Promise<Listener> {
    return this.under.listen(address, events, options);
  }

  connect(address: Address, events: StreamEvents): Handle {
    return this.under.connect(address, events);
  }

  send(handle: Handle, chain: Chain): SendCode {
    return this.under.send(this.handleBelow(handle), chain);
  }

  readStart(handle: Handle): void {
    this.under.readStart(this.handleBelow(handle));
  }

  readStop(handle: Handle): void {
    this.under.readStop(this.handleBelow(handle));
  }

  shutdown(handle: Handle): void {
    this.under.shutdown(this.handleBelow(handle));
  }

  close(handle: Handle): void {
    this.under.close(this.handleBelow(handle));
  }

  abort(handle: Handle): void {
    this.under.abort(this.handleBelow(handle));
  }

  remoteAddress(handle: Handle): Address {
    return this.under.remoteAddress(this.handleBelow(handle));
  }

  localAddress(handle: Handle): Address {
    return this.under.localAddress(this.handleBelow(handle));
  }

  log(level: LogLevel, text: string): void {
    this.under.log(level, text);
  }

  random(into: Uint8Array): void {
    this.under.random(into);
  }

  /** What the reactor below knows `handle` by. */
  protected handleBelow(handle: Handle): Handle {
    return handle;
  }
}

/** Passes every event on. */
export class PassingEvents implements StreamEvents {
  protected readonly above: StreamEvents;

  constructor(above: StreamEvents) {
    this.above = above;
  }

  onOpen(handle: Handle): void {
    this.above.onOpen(this.handleAbove(handle));
  }

  onData(handle: Handle, bytes: Uint8Array): void {
    this.above.onData(this.handleAbove(handle), bytes);
  }

  onWritable(handle: Handle): void {
    this.above.onWritable(this.handleAbove(handle));
  }

  onRelease(handle: Handle, buf: Buf): void {
    this.above.onRelease(this.handleAbove(handle), buf);
  }

  onEnd(handle: Handle): void {
    this.above.onEnd(this.handleAbove(handle));
  }

  onClose(handle: Handle, reason: CloseReason): void {
    this.above.onClose(this.handleAbove(handle), reason);
  }

  /** What those above know `handle` by. */
  protected handleAbove(handle: Handle): Handle {
    return handle;
  }
}
