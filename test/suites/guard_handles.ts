/**
 * A decorator for any reactor whose handles throw when somebody takes them for a number or a
 * string: what is opaque stays opaque. Knows the contract, and no runtime.
 *
 * @module
 */

import type {
  Address,
  Handle,
  Listener,
  ListenOptions,
  Reactor,
  StreamEvents,
} from "../../core/reactor.ts";
import { PassingEvents, PassingReactor } from "../fakes/passing_reactor.ts";

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

class GuardedEvents extends PassingEvents {
  readonly #guards: Guards;

  constructor(above: StreamEvents, guards: Guards) {
    super(above);
    this.#guards = guards;
  }

  protected override handleAbove(handle: Handle): Handle {
    return this.#guards.guardOf(handle);
  }
}

class GuardedReactor extends PassingReactor {
  readonly #guards = new Guards();

  override listen(
    address: Address,
    events: StreamEvents,
    options?: ListenOptions,
  ): Promise<Listener> {
    return super.listen(address, new GuardedEvents(events, this.#guards), options);
  }

  override connect(address: Address, events: StreamEvents): Handle {
    return this.#guards.guardOf(super.connect(address, new GuardedEvents(events, this.#guards)));
  }

  protected override handleBelow(handle: Handle): Handle {
    return this.#guards.handleOf(handle);
  }
}
