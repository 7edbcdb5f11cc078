/**
 * Makes Deno poll its sockets between two turns of the loop. It knows a quirk of Deno's loop and
 * nothing of what the turns do.
 *
 * Deno 2.9 polls sockets only when nothing else is to be done, or each 61st time: with one turn of
 * 5 ms after the other by `setImmediate`, a byte took 1.1 s to its reader. What comes over a socket
 * itself cannot come before they are polled: so this sends a byte to itself, over loopback, and
 * goes on when it is here. That takes 20 µs, where a timer takes 1 to 2 ms. The connection for it
 * is there only while it is used: a reactor that is at rest holds no sockets of its own.
 *
 * @module
 */

import { setTimeout } from "node:timers";
import type { DenoConn, DenoPlatform, DenoTcpWhere } from "./platform.ts";

const BYTE = new Uint8Array(1);
/** Any free port. */
const LOOPBACK: DenoTcpWhere = {
  transport: "tcp",
  hostname: "127.0.0.1",
  port: 0,
  reusePort: undefined,
  tcpBacklog: undefined,
};
/** The connection is closed when it was not used for so long, or up to twice that. */
const IDLE_MS = 500;

interface Ends {
  readonly near: DenoConn;
  readonly far: DenoConn;
}

export class DriverPoll {
  readonly #deno: DenoPlatform;
  readonly #into = new Uint8Array(1);
  /** The two ends, or null before somebody needed them and where they cannot be had. */
  #ends: Ends | null = null;
  #isTried = false;
  /** True exactly when somebody has polled since the last look. */
  #isUsed = false;

  constructor(deno: DenoPlatform) {
    this.#deno = deno;
  }

  /** Calls `call` once, when the sockets have been polled. */
  pollThen(call: () => void): void {
    this.#isUsed = true;
    const ends = this.#ends;
    if (ends === null) {
      // Not by a timer in the meantime: one that is due already lets nothing be polled.
      if (!this.#isTried) this.#make().then(() => this.pollThen(call));
      else setTimeout(call, 0);
      return;
    }
    const again = () => {
      if (this.#ends === ends) this.#close(ends);
      setTimeout(call, 0);
    };
    ends.far.read(this.#into).then(call, again);
    // When it fails, so does the read.
    ends.near.write(BYTE).catch(() => this.#ends === ends && this.#close(ends));
  }

  #close(ends: Ends): void {
    this.#ends = null;
    ends.near.close();
    ends.far.close();
  }

  /** Looks now and then whether the connection is still used; does not keep the process alive. */
  #watch(ends: Ends): void {
    this.#isUsed = false;
    setTimeout(() => {
      if (this.#ends !== ends) return;
      if (this.#isUsed) {
        this.#watch(ends);
        return;
      }
      this.#close(ends);
      this.#isTried = false;
    }, IDLE_MS).unref();
  }

  async #make(): Promise<void> {
    this.#isTried = true;
    try {
      const listener = this.#deno.listen(LOOPBACK);
      const port = listener.addr.port!;
      const { signal } = new AbortController();
      const accepted = listener.accept();
      const near = await this.#deno.connect({ ...LOOPBACK, port, signal });
      const far = await accepted;
      listener.close();
      // Somebody else's connection may have been quicker.
      if (far.remoteAddr.port !== near.localAddr.port) {
        far.close();
        near.close();
        return;
      }
      this.#ends = { near, far };
      this.#watch(this.#ends);
    } catch {
      // Without the permission timers do it, at 1 ms a turn.
    }
  }
}
