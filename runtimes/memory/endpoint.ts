/**
 * One end of a stream. It knows its own state, its peer's kernel buffer, and the events that it
 * owes; it knows nothing of listeners, addresses' meaning, or time.
 *
 * It behaves as the harshest of the real platforms does:
 * - A buffer that is taken whole is lent; its bytes are read when they are carried, and it is
 *   released in a later event. What does not fit is taken in part.
 * - A stream that does not read learns neither of a FIN nor of a reset, until it reads or writes.
 * - A reset throws away what the receiver has not read. Closing with unread bytes is a reset.
 * - Bytes for a peer that is gone seem to be sent; then the reset comes.
 * - The memory of `onData` is overwritten after the call.
 *
 * @module
 */

import { assert } from "../../core/assert.ts";
import type { Chain } from "../../core/chain.ts";
import type { Address, CloseReason, Handle, StreamEvents } from "../../core/reactor.ts";
import { AGAIN, ERROR, OK, type SendCode } from "../../core/status.ts";
import { textOfAddress } from "./address.ts";
import { ByteQueue } from "./byte_queue.ts";
import { checkLent, type Lent, Outgoing } from "./outgoing.ts";
import { type Schedule, Task, type TaskQueue } from "./schedule.ts";

/** What the ends of one reactor's streams share. */
export interface Wire {
  readonly schedule: Schedule;
  readonly tasks: TaskQueue;
  /** Makes a task runnable in `inMs` milliseconds. */
  readonly postpone: (task: Task, inMs: number) => void;
  /** How many bytes each direction holds, once in flight and once with the receiver. */
  readonly bufferBytes: number;
  /** How many bytes one event carries or delivers at most. */
  readonly segmentBytes: number;
  /** True exactly when lent memory is checksummed. */
  readonly isWatching: boolean;
  /** Where `onData` bytes are shown. */
  readonly scratch: Uint8Array;
  /** The ends that have not had their `onClose`. */
  readonly open: Set<Endpoint>;
}

/** What core sees of an end: nothing. */
export class MemoryHandle implements Handle {
  owner: unknown = null;
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  static endpointOf(handle: Handle): Endpoint {
    assert(
      typeof handle === "object" && handle !== null && #endpoint in handle,
      "a handle of another runtime was given to the in-memory one",
    );
    return handle.#endpoint;
  }
}

export interface EndpointOptions {
  readonly events: StreamEvents;
  /** True exactly when this end connects, and the other one accepts. */
  readonly connects: boolean;
  readonly local: Address;
  readonly remote: Address;
}

export class Endpoint {
  readonly handle: MemoryHandle = new MemoryHandle(this);
  readonly local: Address;
  readonly remote: Address;
  readonly #events: StreamEvents;
  readonly #connects: boolean;
  readonly #wire: Wire;
  #peer: Endpoint | null = null;
  /** True exactly when `onOpen` has begun. */
  #isOpen = false;
  /** Not null exactly when the stream is dead: releases may follow, then `onClose` with this. */
  #reason: CloseReason | null = null;

  readonly #outgoing: Outgoing;
  /** Carried or given up, and still to be released. */
  #through: Lent[] = [];
  #owesWritable = false;
  #finIsAsked = false;
  #closeIsAsked = false;
  #finIsSent = false;
  /** True exactly when the next segment came late, or this end's FIN: it comes now. */
  #hasStalled = false;

  /** How many bytes one `onData` of this end brings at most, where that is less than a segment. */
  readBytesMax = Infinity;
  readonly #incoming: ByteQueue;
  #isReading = true;
  /** True exactly when reading stopped with bytes on their way up: they come still. */
  #owesData = false;
  #finIsHere = false;
  #endIsGiven = false;
  #resetIsHere = false;

  readonly #carryTask = this.#task("carry", () => this.#carry());
  readonly #deliverTask = this.#task("deliver", () => this.#deliver());
  readonly #releaseTask = this.#task("release", () => this.#release());
  readonly #writableTask = this.#task("writable", () => this.#writable());
  readonly #closeTask = this.#task("close", () => this.#close());
  readonly #resetTask = this.#task("reset", () => this.#breakOff());

  constructor(wire: Wire, options: EndpointOptions) {
    this.#wire = wire;
    this.#events = options.events;
    this.#connects = options.connects;
    this.local = options.local;
    this.remote = options.remote;
    this.#outgoing = new Outgoing(wire.isWatching);
    this.#incoming = new ByteQueue(wire.bufferBytes);
    wire.open.add(this);
  }

  get isDead(): boolean {
    return this.#reason !== null;
  }

  /** How many buffers are lent to this end. */
  get lentCount(): number {
    return this.#outgoing.lentCount + this.#through.length;
  }

  toString(): string {
    return `${textOfAddress(this.local)} -> ${textOfAddress(this.remote)}`;
  }

  /** Joins two ends. Their `onOpen` events are the network's to schedule. */
  static join(one: Endpoint, other: Endpoint): void {
    one.#peer = other;
    other.#peer = one;
  }

  /** The event of a connection that is made. */
  open(): void {
    if (this.isDead) return;
    this.#isOpen = true;
    this.#events.onOpen(this.handle);
    this.#wakeCarry();
    this.#wakeDeliver();
  }

  /** The connection could not be made, or was never accepted. */
  fail(reason: CloseReason): void {
    this.#die(reason);
  }

  /** An end that its listener never took: no event tells of it, and the peer gets a reset. */
  refuse(): void {
    this.#reason = "aborted";
    this.#wire.open.delete(this);
    if (this.#peer !== null) this.#peer.#receiveReset();
  }

  send(chain: Chain): SendCode {
    if (this.isDead || this.#finIsAsked) return ERROR;
    assert(this.#isOpen, "send() was called before onOpen()");
    if (this.#resetIsHere) {
      this.#die("reset");
      return ERROR;
    }
    assert(!this.#owesWritable, "send() was called between AGAIN and onWritable()");
    if (this.#wire.schedule.strikes("sendError", this)) {
      this.#peer!.#receiveReset();
      this.#die("reset");
      return ERROR;
    }
    const again = this.#wire.schedule.again(this);
    if (again !== "taking nothing") this.#take(chain);
    this.#owesWritable = again !== "no" || chain.first !== null ||
      this.#outgoing.size >= this.#wire.bufferBytes;
    if (this.#owesWritable && this.#outgoing.isEmpty) this.#wire.tasks.add(this.#writableTask);
    this.#wakeCarry();
    return this.#owesWritable ? AGAIN : OK;
  }

  #take(chain: Chain): void {
    const { bufferBytes, schedule } = this.#wire;
    while (chain.first !== null) {
      const size = chain.first.size;
      const most = Math.min(size, bufferBytes - this.#outgoing.size);
      if (most === 0 && size > 0) return;
      const count = most === 0 ? 0 : schedule.bytes("take", most, this);
      if (count < size) {
        this.#outgoing.takePart(chain.first, count);
        return;
      }
      this.#outgoing.takeWhole(chain);
    }
  }

  readStart(): void {
    this.#isReading = true;
    this.#wakeDeliver();
  }

  readStop(): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    this.#owesData = this.#deliverTask.isWaiting && this.#incoming.size > 0;
  }

  shutdown(): void {
    if (this.isDead) return;
    this.#finIsAsked = true;
    this.#wakeCarry();
  }

  close(): void {
    if (this.isDead) return;
    this.#isReading = false;
    this.#owesData = false;
    this.#finIsAsked = true;
    this.#closeIsAsked = true;
    this.#owesWritable = false;
    if (!this.#isOpen) this.#giveUpOpening();
    this.#wakeCarry();
  }

  /** Nothing was sent yet, so there is nothing to wait for. */
  #giveUpOpening(): void {
    if (this.#peer !== null) this.#sendEnd(this.#peer);
    this.#die("clean");
  }

  abort(): void {
    if (this.isDead) return;
    if (this.#peer !== null) this.#peer.#receiveReset();
    this.#die("aborted");
  }

  /** Carries one segment, or the FIN behind the last one. */
  #carry(): void {
    const peer = this.#peer;
    if (this.isDead || !this.#isOpen || peer === null) return;
    if (this.#resetIsHere) {
      this.#die("reset");
    } else if (this.#stalls()) {
      return;
    } else if (!this.#outgoing.isEmpty) {
      this.#carrySegment(peer);
      this.#strike(peer);
    } else if (this.#closeIsAsked) {
      this.#sendEnd(peer);
      this.#die("clean");
    } else if (this.#finIsAsked && !this.#finIsSent) {
      this.#sendEnd(peer);
      if (this.#endIsGiven) this.#die("clean");
    }
  }

  /** True exactly when what is to be carried stays here for a while: once for each segment. */
  #stalls(): boolean {
    const lateMs = this.#hasStalled ? 0 : this.#wire.schedule.lateByMs("carry", this);
    this.#hasStalled = lateMs > 0;
    if (this.#hasStalled) this.#wire.postpone(this.#carryTask, lateMs);
    return this.#hasStalled;
  }

  #carrySegment(peer: Endpoint): void {
    const { bufferBytes, schedule, segmentBytes } = this.#wire;
    const room = peer.isDead ? segmentBytes : peer.#incoming.room;
    const most = Math.min(segmentBytes, this.#outgoing.size, room);
    if (most === 0 && this.#outgoing.size > 0) return;
    const count = most === 0 ? 0 : schedule.bytes("carry", most, this);
    const through = this.#outgoing.carry(count, (bytes) => {
      if (!peer.isDead) peer.#incoming.write(bytes);
    });
    this.#through.push(...through);
    if (peer.isDead) this.#receiveReset();
    else peer.#wakeDeliver();
    if (this.#owesWritable && this.#outgoing.size <= bufferBytes >> 1) {
      this.#wire.tasks.add(this.#writableTask);
    }
    this.#wakeRelease();
    this.#wakeCarry();
  }

  /** What may befall a stream while its bytes travel. */
  #strike(peer: Endpoint): void {
    const { postpone, schedule } = this.#wire;
    const inMs = schedule.resetInMs(this);
    if (inMs > 0) postpone(this.#resetTask, inMs);
    else if (inMs === 0) this.#breakOff();
    if (!this.#connects || this.isDead || !schedule.strikes("halfClose", this)) return;
    this.#sendEnd(peer);
    this.#die("reset");
  }

  /** The stream is reset on its way: both ends see it. */
  #breakOff(): void {
    this.#receiveReset();
    if (this.#peer !== null) this.#peer.#receiveReset();
  }

  /** Sends the FIN; or a reset, when this end closes and will never read what the peer has sent. */
  #sendEnd(peer: Endpoint): void {
    if (this.#closeIsAsked && this.#incoming.size > 0) {
      peer.#receiveReset();
    } else if (!this.#finIsSent) {
      peer.#finIsHere = true;
      peer.#wakeDeliver();
    }
    this.#finIsSent = true;
  }

  #receiveReset(): void {
    if (this.isDead) return;
    this.#resetIsHere = true;
    this.#incoming.clear();
    this.#wakeDeliver();
    this.#wakeCarry();
  }

  /** Delivers one segment, or the end behind the last one. */
  #deliver(): void {
    if (!this.#mayDeliver()) return;
    if (this.#resetIsHere) {
      this.#die("reset");
    } else if (this.#incoming.size > 0) {
      this.#deliverSegment();
    } else {
      this.#endIsGiven = true;
      if (this.#finIsSent) this.#die("clean");
      this.#events.onEnd(this.handle);
    }
  }

  #deliverSegment(): void {
    const { schedule, scratch, segmentBytes } = this.#wire;
    const most = Math.min(this.#incoming.size, segmentBytes, this.readBytesMax);
    const count = schedule.bytes("deliver", most, this);
    const bytes = scratch.subarray(SCRATCH_START, SCRATCH_START + count);
    this.#incoming.read(bytes);
    this.#owesData = false;
    this.#wakeDeliver();
    this.#peer!.#wakeCarry();
    this.#events.onData(this.handle, bytes);
    bytes.fill(OVERWRITTEN);
  }

  #mayDeliver(): boolean {
    if (this.isDead || !this.#isOpen) return false;
    if (!this.#isReading) return this.#owesData && this.#incoming.size > 0;
    return this.#resetIsHere || this.#incoming.size > 0 || (this.#finIsHere && !this.#endIsGiven);
  }

  /** Releases one buffer. The rest have events of their own. */
  #release(): void {
    const lent = this.#through.shift();
    if (lent === undefined) return;
    if (this.#through.length > 0) this.#wire.tasks.add(this.#releaseTask);
    else if (this.isDead) this.#wire.tasks.add(this.#closeTask);
    checkLent(lent, String(this));
    this.#events.onRelease(this.handle, lent.buf);
  }

  #writable(): void {
    if (this.isDead || !this.#owesWritable) return;
    this.#owesWritable = false;
    this.#events.onWritable(this.handle);
  }

  #close(): void {
    this.#wire.open.delete(this);
    this.#events.onClose(this.handle, this.#reason!);
  }

  /** From here on only releases come, and then `onClose`. */
  #die(reason: CloseReason): void {
    if (this.isDead) return;
    this.#reason = reason;
    this.#owesWritable = false;
    this.#incoming.clear();
    this.#through.push(...this.#outgoing.drop());
    if (this.#through.length > 0) this.#wakeRelease();
    else this.#wire.tasks.add(this.#closeTask);
  }

  /** Makes the next release runnable, if there is one, now or later. */
  #wakeRelease(): void {
    if (this.#through.length === 0 || this.#releaseTask.isWaiting) return;
    const lateMs = this.#wire.schedule.lateByMs("release", this);
    if (lateMs > 0) this.#wire.postpone(this.#releaseTask, lateMs);
    else this.#wire.tasks.add(this.#releaseTask);
  }

  /** Makes the carrying runnable when there is something that it would do. */
  #wakeCarry(): void {
    const peer = this.#peer;
    if (this.isDead || !this.#isOpen || peer === null) return;
    const mayMove = this.#outgoing.size === 0 || peer.isDead || peer.#incoming.room > 0;
    const hasWork = this.#outgoing.isEmpty
      ? this.#closeIsAsked || (this.#finIsAsked && !this.#finIsSent)
      : mayMove || this.#resetIsHere;
    if (hasWork) this.#wire.tasks.add(this.#carryTask);
  }

  #wakeDeliver(): void {
    if (this.#mayDeliver()) this.#wire.tasks.add(this.#deliverTask);
  }

  #task(name: string, run: () => void): Task {
    return new Task(name, this, run);
  }
}

/**
 * `onData` views start off the memory's start, so that whoever reads `bytes.buffer` sees at once.
 */
export const SCRATCH_START = 3;
/** What kept `onData` bytes turn into. */
const OVERWRITTEN = 0xdd;
