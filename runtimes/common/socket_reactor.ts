/**
 * The part of the contract that is the same for every shim whose handles are `StreamHandle`s: each
 * call on a handle is that handle's method. Listening and connecting are left to the shim.
 *
 * @module
 */

import type { Context } from "../../core/capabilities/context.ts";
import type { Polls } from "../../core/capabilities/polls.ts";
import type { Threads } from "../../core/capabilities/threads.ts";
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
import { byteText } from "./byte_text.ts";
import { createCodecs } from "./codecs.ts";
import { ambientContext } from "./context.ts";
import { createFiles } from "./files.ts";
import { LoopBase } from "./loop_base.ts";
import type { StreamHandle } from "./stream_handle.ts";
import { WorkerThreads } from "./threads.ts";

export abstract class SocketReactor extends LoopBase implements Reactor {
  abstract readonly runtime: string;
  abstract readonly via: string;
  abstract readonly polls: Polls;
  readonly codecs = createCodecs();
  readonly files = createFiles();
  readonly context: Context = ambientContext;
  readonly byteText = byteText;
  readonly threads: Threads = new WorkerThreads(this);

  abstract listen(
    address: Address,
    events: StreamEvents,
    options?: ListenOptions,
  ): Promise<Listener>;

  abstract connect(address: Address, events: StreamEvents): Handle;

  send(handle: Handle, chain: Chain): SendCode {
    return (handle as StreamHandle).send(chain);
  }

  readStart(handle: Handle): void {
    (handle as StreamHandle).readStart();
  }

  readStop(handle: Handle): void {
    (handle as StreamHandle).readStop();
  }

  shutdown(handle: Handle): void {
    (handle as StreamHandle).shutdown();
  }

  close(handle: Handle): void {
    (handle as StreamHandle).close();
  }

  abort(handle: Handle): void {
    (handle as StreamHandle).abort();
  }

  remoteAddress(handle: Handle): Address {
    return (handle as StreamHandle).remoteAddress();
  }

  localAddress(handle: Handle): Address {
    return (handle as StreamHandle).localAddress();
  }
}
