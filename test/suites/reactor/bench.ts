/**
 * The bench on which a reactor is checked: it makes streams, calls the reactor for the checks,
 * sees to it that no event comes inside a call, and asks at the end that nothing is left. It
 * knows the contract, and no runtime.
 *
 * @module
 */

import { type Buf, bufOf } from "../../../core/buf.ts";
import type {
  Address,
  Handle,
  Listener,
  ListenOptions,
  Reactor,
  StreamEvents,
} from "../../../core/reactor.ts";
import { AGAIN, OK, type SendCode } from "../../../core/status.ts";
import { assertEquals } from "@std/assert";
import type { ColumnRig } from "../rig.ts";
import { type Acts, End } from "./end.ts";
import { fillPattern } from "./pattern.ts";

export interface Pair {
  readonly listener: Listener;
  readonly server: End;
  readonly client: End;
}

export class Bench {
  readonly rig: ColumnRig;
  readonly reactor: Reactor;
  readonly ends: End[] = [];
  readonly faults: string[] = [];
  readonly #listeners: Listener[] = [];
  /** The call of the reactor that is running. */
  #call: string | null = null;
  #isOver = false;

  /** `reactor` is the rig's own, or a decorator of it. */
  constructor(rig: ColumnRig, reactor: Reactor) {
    this.rig = rig;
    this.reactor = reactor;
  }

  settle(condition: () => boolean, what: string): Promise<void> {
    return this.rig.settle(condition, what);
  }

  // Streams.

  async listen(
    acts: Acts = {},
    address: Address = this.rig.address,
    options: ListenOptions = {},
  ): Promise<Listener> {
    const listener = await this.reactor.listen(address, this.#events(acts), options);
    this.#listeners.push(listener);
    return listener;
  }

  connect(address: Address, acts: Acts = {}): End {
    const handle = this.#calling("connect", () => {
      return this.reactor.connect(address, this.#events(acts));
    });
    return this.#newEnd("client", handle, acts);
  }

  /** Two ends of one stream, both open. */
  async pair(
    serverActs: Acts = {},
    clientActs: Acts = {},
    address: Address = this.rig.address,
  ): Promise<Pair> {
    const listener = await this.listen(serverActs, address);
    return { listener, ...await this.join(listener, clientActs) };
  }

  /** One more stream to a listener. */
  async join(listener: Listener, clientActs: Acts = {}): Promise<{ server: End; client: End }> {
    const before = this.ends.length;
    const client = this.connect(listener.address, clientActs);
    await this.settle(
      () => this.ends.length === before + 2 && client.isOpen,
      "onOpen at both ends",
    );
    return { client, server: this.ends[before + 1] as End };
  }

  // Calls of the reactor.

  /** Offers what is in `end.out`. */
  send(end: End): SendCode {
    const count = end.out.count;
    const code = this.#calling("send", () => this.reactor.send(end.handle, end.out));
    end.taken += count - end.out.count;
    if (code === OK && !end.out.isEmpty) end.fault("send answered OK and left buffers behind");
    if (code === AGAIN) {
      end.again = true;
      end.agains++;
    }
    return code;
  }

  /** Queues `total` bytes of the pattern, in buffers of `bufBytes`, and offers them. */
  sendPattern(end: End, total: number, bufBytes: number, offset = 0): SendCode {
    for (let pos = 0; pos < total; pos += bufBytes) {
      const bytes = new Uint8Array(Math.min(bufBytes, total - pos));
      fillPattern(bytes, offset + pos);
      end.out.append(bufOf(bytes));
    }
    return this.send(end);
  }

  /**
   * Sends buffers of the pattern until AGAIN lasts: the peer must have stopped reading. Until now
   * the end has sent `sent` bytes. Answers how many bytes it has queued and sent in all.
   */
  async clog(end: End, bufBytes: number, sent = 0): Promise<number> {
    // A runtime that has one write in flight answers AGAIN to the next one: that is not yet a clog.
    while (!end.again) {
      if (sent > CLOG_BYTES_MAX) throw new Error("the peer reads on, and AGAIN does not last");
      this.sendPattern(end, bufBytes, bufBytes, sent);
      sent += bufBytes;
      if (end.again) await this.pass(() => !end.again);
    }
    return sent;
  }

  /** Lets the loop turn until `changed`, but no longer than a while. */
  async pass(changed: () => boolean = () => false): Promise<void> {
    let turns = 0;
    await this.settle(() => changed() || ++turns > QUIET_TURNS, "some turns");
  }

  readStart(end: End): void {
    this.#calling("readStart", () => this.reactor.readStart(end.handle));
  }

  readStop(end: End): void {
    this.#calling("readStop", () => this.reactor.readStop(end.handle));
  }

  shutdown(end: End): void {
    this.#calling("shutdown", () => this.reactor.shutdown(end.handle));
  }

  close(end: End): void {
    end.gaveUpBy ??= "close";
    this.#calling("close", () => this.reactor.close(end.handle));
  }

  abort(end: End): void {
    end.gaveUpBy = "abort";
    this.#calling("abort", () => this.reactor.abort(end.handle));
  }

  /** True exactly when the caller runs inside `send`: then it may only take notes. */
  get isSending(): boolean {
    return this.#call === "send";
  }

  #calling<T>(name: string, call: () => T): T {
    const outer = this.#call;
    this.#call = name;
    const result = call();
    this.#call = outer;
    return result;
  }

  // Events.

  #events(acts: Acts): StreamEvents {
    return {
      onOpen: (handle) => {
        const end = this.#endOf(handle) ?? this.#newEnd("server", handle, acts);
        this.#note(end, "onOpen");
        end.opened();
        if (this.#isOver) this.abort(end);
        else acts.onOpen?.(end);
      },
      onData: (handle, bytes) => {
        const end = this.#known(handle, "onData");
        end.received(bytes);
        acts.onData?.(end, bytes);
      },
      onWritable: (handle) => {
        const end = this.#known(handle, "onWritable");
        end.writable();
        if (acts.onWritable !== undefined) acts.onWritable(end);
        else if (!end.out.isEmpty && end.gaveUpBy === null) this.send(end);
      },
      onRelease: (handle, buf: Buf) => {
        const end = this.#known(handle, this.isSending ? "onRelease in send" : "onRelease");
        end.gotBack(buf);
        acts.onRelease?.(end, buf);
      },
      onEnd: (handle) => {
        const end = this.#known(handle, "onEnd");
        end.peerEnded();
        acts.onEnd?.(end);
      },
      onClose: (handle, reason) => {
        const end = this.#known(handle, "onClose");
        end.closed(reason);
        acts.onClose?.(end, reason);
      },
    };
  }

  #newEnd(name: string, handle: Handle, acts: Acts): End {
    const end = new End(`${name} ${this.ends.length}`, handle, acts, this.faults);
    handle.owner = end;
    this.ends.push(end);
    return end;
  }

  #endOf(handle: Handle): End | undefined {
    return handle.owner instanceof End ? handle.owner : undefined;
  }

  #known(handle: Handle, event: string): End {
    const end = this.#endOf(handle);
    if (end === undefined) throw new Error(`${event} came for a handle that nobody knows`);
    this.#note(end, event);
    return end;
  }

  /** Events come from the loop; only a release may come inside `send`. */
  #note(end: End, event: string): void {
    if (this.#call !== null && event !== "onRelease in send") {
      end.fault(`${event} came inside ${this.#call}()`);
    }
  }

  // The end.

  /** Closes all that is open: also after a check that failed, so that its process can end. */
  async dispose(): Promise<void> {
    this.#isOver = true;
    for (const listener of this.#listeners) await listener.close();
    for (const end of this.ends) if (!end.isClosed) this.abort(end);
  }

  /** After `dispose`: nothing is left, and nothing was wrong. */
  async assertOver(): Promise<void> {
    await this.settle(() => this.ends.every((end) => end.isClosed), "onClose of every handle");
    assertEquals(this.faults, []);
    for (const end of this.ends) assertEquals(end.released, end.taken, `${end.name}: releases`);
  }
}

/** More than the kernels hold between two ends: 10 MB or so on Linux. */
const CLOG_BYTES_MAX = 64 << 20;
/** Turns without news after which a stream counts as clogged. Deno needs up to 3 for a write. */
const QUIET_TURNS = 50;
