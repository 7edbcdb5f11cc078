/**
 * The in-memory network: who listens where, and how a connect becomes two ends of a stream. It
 * knows addresses; it knows nothing of what the ends say to each other.
 *
 * @module
 */

import {
  type Address,
  type Listener,
  ListenError,
  type Log,
  type StreamEvents,
} from "../../core/reactor.ts";
import { addressesMeet, isWildcard, plainHost, textOfAddress, withPort } from "./address.ts";
import { Endpoint, type Wire } from "./endpoint.ts";
import { Task, type TaskQueue } from "./schedule.ts";

/** Ports that are given for port 0, and to connecting ends (RFC 6335, section 6). */
const PORT_FIRST = 49152;
const PORT_LAST = 65535;

export class Network {
  readonly #wire: Wire;
  readonly #log: Log;
  readonly #listeners = new Set<MemoryListener>();
  #nextPort = PORT_FIRST;
  /** How many connects have found a listener. */
  #reached = 0;

  constructor(wire: Wire, log: Log) {
    this.#wire = wire;
    this.#log = log;
  }

  /** Where somebody listens, in the order of the `listen` calls. */
  addresses(): string[] {
    return [...this.#listeners].map((listener) => textOfAddress(listener.address));
  }

  listen(asked: Address, events: StreamEvents, isShared: boolean): Listener {
    const address = this.#addressFor(asked);
    if (this.#listenersAt(address).some((other) => !isShared || !other.isShared)) {
      throw new ListenError("in-use", `${textOfAddress(address)} is already in use`);
    }
    const { tasks } = this.#wire;
    const listener = new MemoryListener(address, events, isShared, this.#listeners, tasks);
    this.#listeners.add(listener);
    return listener;
  }

  connect(remote: Address, events: StreamEvents): Endpoint {
    const local: Address = remote.transport === "unix"
      ? { transport: "unix", path: "" }
      : withPort(plainHost(remote.host), this.#freePort());
    const client = new Endpoint(this.#wire, { events, connects: true, local, remote });
    this.#wire.tasks.add(
      new Task("connect", client, () => {
        if (!client.isDead) this.#reach(client);
      }),
    );
    return client;
  }

  #reach(client: Endpoint): void {
    const listeners = this.#listenersAt(client.remote);
    const listener = listeners[this.#reached % listeners.length];
    if (listener === undefined || this.#wire.schedule.strikes("refuse", client)) {
      const why = listener === undefined ? "nobody listens on" : "it was refused by";
      this.#log.log("warn", `a connect failed: ${why} ${textOfAddress(client.remote)}`);
      client.fail("error");
      return;
    }
    this.#reached++;
    const { remote } = client;
    const local = remote.transport === "unix"
      ? remote
      : withPort(plainHost(isWildcard(remote.host) ? "localhost" : remote.host), remote.port);
    const server = new Endpoint(this.#wire, {
      events: listener.events,
      connects: false,
      local,
      remote: client.local,
    });
    Endpoint.join(client, server);
    this.#open("open", client, () => client.open());
    this.#open("accept", server, () => this.#accept(listener, server));
  }

  #accept(listener: MemoryListener, server: Endpoint): void {
    if (listener.isClosed || this.#wire.schedule.strikes("acceptError", server)) server.refuse();
    else if (!listener.isStopped) server.open();
    else listener.waiting.push(new Task("accept", server, () => this.#accept(listener, server)));
  }

  #open(name: string, endpoint: Endpoint, run: () => void): void {
    const { postpone, schedule, tasks } = this.#wire;
    const task = new Task(name, endpoint, run);
    const lateMs = schedule.lateByMs("open", endpoint);
    if (lateMs > 0) postpone(task, lateMs);
    else tasks.add(task);
  }

  /** One at most, but where all of them share the port: those take turns. */
  #listenersAt(address: Address): MemoryListener[] {
    return [...this.#listeners].filter((listener) => addressesMeet(listener.address, address));
  }

  #addressFor(asked: Address): Address {
    if (asked.transport === "unix") return asked;
    const { host, port } = asked;
    if (!Number.isInteger(port) || port < 0 || port > PORT_LAST) {
      throw new ListenError("other", `port ${port} is not a whole number from 0 to ${PORT_LAST}`);
    }
    return port === 0 ? withPort(host, this.#freePort()) : asked;
  }

  /** The next port that nobody listens on, round and round. */
  #freePort(): number {
    const taken = new Set<number>();
    for (const { address } of this.#listeners) {
      if (address.transport === "tcp") taken.add(address.port);
    }
    for (let tries = PORT_FIRST; tries <= PORT_LAST; tries++) {
      const port = this.#nextPort;
      this.#nextPort = port === PORT_LAST ? PORT_FIRST : port + 1;
      if (!taken.has(port)) return port;
    }
    throw new ListenError("unavailable", "every port that could be given is listened on");
  }
}

class MemoryListener implements Listener {
  readonly address: Address;
  readonly events: StreamEvents;
  /** True exactly when others may listen on the same port. */
  readonly isShared: boolean;
  /** True exactly while nothing is accepted. */
  isStopped = false;
  /** What will be accepted, oldest first. */
  readonly waiting: Task[] = [];
  readonly #listeners: Set<MemoryListener>;
  readonly #tasks: TaskQueue;

  constructor(
    address: Address,
    events: StreamEvents,
    isShared: boolean,
    listeners: Set<MemoryListener>,
    tasks: TaskQueue,
  ) {
    this.#tasks = tasks;
    this.address = address;
    this.events = events;
    this.isShared = isShared;
    this.#listeners = listeners;
  }

  get isClosed(): boolean {
    return !this.#listeners.has(this);
  }

  acceptStop(): void {
    this.isStopped = true;
  }

  acceptStart(): void {
    this.isStopped = false;
    for (const task of this.waiting.splice(0)) this.#tasks.add(task);
  }

  /** Connections that are made and not yet accepted are reset. */
  close(): Promise<void> {
    this.#listeners.delete(this);
    this.acceptStart();
    return Promise.resolve();
  }
}
