/**
 * Planted faults, each of which the simulator must find: reactors that break the contract in one
 * way. One that is not found would mean that the oracle is blind there.
 *
 * @module
 */

import type { Buf } from "../../core/buf.ts";
import type { Chain } from "../../core/chain.ts";
import type {
  Address,
  Handle,
  Listener,
  ListenOptions,
  Reactor,
  StreamEvents,
} from "../../core/reactor.ts";
import type { SendCode } from "../../core/status.ts";
import { WORK_CANARIES } from "./canaries_work.ts";
import type { Sabotage } from "./run.ts";
import { PassingEvents, PassingReactor } from "../fakes/passing_reactor.ts";

/** Every so many opportunities the planted fault strikes. */
const EVERY = 50;
/** The same, where most connections give one opportunity or none. */
const EVERY_RARE = 5;

/** Breaks something at every so many opportunities: as many as a large run needs, unless told. */
type Canary = (under: Reactor, every?: number) => ReturnType<Sabotage>;

/** The planted faults by name. */
export const CANARIES: Readonly<Record<string, Canary>> = {
  "a release is lost": (under) =>
    breakEvents(under, (above, strikes) =>
      new (class extends PassingEvents {
        override onRelease(handle: Handle, buf: Buf): void {
          if (!strikes()) super.onRelease(handle, buf);
        }
      })(above)),
  "a release comes twice": (under) =>
    breakEvents(under, (above, strikes) =>
      new (class extends PassingEvents {
        override onRelease(handle: Handle, buf: Buf): void {
          super.onRelease(handle, buf);
          if (strikes()) super.onRelease(handle, buf);
        }
      })(above)),
  "onWritable is lost": (under, every) =>
    breakEvents(under, (above, strikes) =>
      new (class extends PassingEvents {
        override onWritable(handle: Handle): void {
          if (!strikes()) super.onWritable(handle);
        }
      })(above), every),
  "onEnd is lost": (under) =>
    breakEvents(under, (above, strikes) =>
      new (class extends PassingEvents {
        override onEnd(handle: Handle): void {
          if (!strikes()) super.onEnd(handle);
        }
      })(above), EVERY_RARE),
  "a byte that came is another": (under) =>
    breakEvents(under, (above, strikes) =>
      new (class extends PassingEvents {
        override onData(handle: Handle, bytes: Uint8Array): void {
          if (strikes()) bytes[bytes.length >> 1]! ^= 1;
          super.onData(handle, bytes);
        }
      })(above)),
  "memory comes home before it was read": (under) => new EagerReactor(under),
  "a cut-off ends in order": (under) =>
    new (class extends PassingReactor {
      override abort(handle: Handle): void {
        super.close(handle);
      }
    })(under),
  "two answers change places": (under) => new SwappingReactor(under),
  "a wake-up is lost": (under) => new SleepyReactor(under),
  ...WORK_CANARIES,
};

function breakEvents(
  under: Reactor,
  broken: (above: StreamEvents, strikes: () => boolean) => StreamEvents,
  every: number = EVERY,
): Reactor {
  let opportunities = 0;
  const strikes = (): boolean => ++opportunities % every === 0;
  return new (class extends PassingReactor {
    override listen(
      address: Address,
      events: StreamEvents,
      options?: ListenOptions,
    ): Promise<Listener> {
      return super.listen(address, broken(events, strikes), options);
    }
  })(under);
}

/** Now and then gives a buffer back at once, although its bytes are read only later. */
class EagerReactor extends PassingReactor {
  readonly #early = new Set<Buf>();
  #events: StreamEvents | null = null;
  #sends = 0;

  override listen(
    address: Address,
    events: StreamEvents,
    options?: ListenOptions,
  ): Promise<Listener> {
    const early = this.#early;
    this.#events = events;
    const late = new (class extends PassingEvents {
      override onRelease(handle: Handle, buf: Buf): void {
        if (!early.delete(buf)) super.onRelease(handle, buf);
      }
    })(events);
    return super.listen(address, late, options);
  }

  override send(handle: Handle, chain: Chain): SendCode {
    const { first } = chain;
    const code = super.send(handle, chain);
    if (first !== null && chain.first !== first && ++this.#sends % EVERY === 0) {
      this.#early.add(first);
      this.#events!.onRelease(handle, first);
    }
    return code;
  }
}

/** Now and then the second of two answers that leave together goes first. */
class SwappingReactor extends PassingReactor {
  #sends = 0;

  override send(handle: Handle, chain: Chain): SendCode {
    const { first } = chain;
    if (first !== null && ++this.#sends % EVERY === 0) {
      const text = new TextDecoder().decode(first.view());
      const second = text.indexOf("HTTP/1.1", 1);
      if (second > 0) {
        const swapped = text.slice(second) + text.slice(0, second);
        first.bytes.set(new TextEncoder().encode(swapped), first.pos);
      }
    }
    return super.send(handle, chain);
  }
}

/** Forgets one wake-up for good. */
class SleepyReactor extends PassingReactor {
  #asked = 0;

  override wakeAt(deadlineMs: number): void {
    super.wakeAt(++this.#asked % EVERY === 0 ? Infinity : deadlineMs);
  }
}
