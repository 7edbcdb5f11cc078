/**
 * Two ends of something that can be waited for: one that the application gives to `adopt`, and the
 * far one, which a check plays itself. Kinds of sources are made of these. It knows `node:net`,
 * which Node, Deno and Bun all have, and no runtime.
 *
 * @module
 */

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Home } from "../../../core/work/adopt.ts";
import type { Handle, Reactor } from "../../../core/reactor.ts";
import { joined } from "../../../core/work/pieces.ts";

/** What can be asked of a kind of source: the columns of the table. */
export const OPERATIONS = [
  "bytes",
  "timeout",
  "end",
  "write",
  "room",
  "broken",
  "detach",
] as const;

export type Operation = typeof OPERATIONS[number];

/** What each operation means, for the table's reader. */
export const MEANINGS: { readonly [operation in Operation]: string } = {
  bytes: "`readable` tells of bytes, and tells again until `tryRead` took all of them",
  timeout: "a wait times out or is aborted, and no byte is lost",
  end: "the end of the stream is a `hangup`",
  write: "`writable` tells of room, and what `tryWrite` takes arrives",
  room: "it is not writable while the other end reads nothing, and is again when it goes on",
  broken: "when nobody will read any more, it hangs up or fails, and `tryWrite` throws",
  detach: "`detach` gives the source back, and no byte is lost",
};

/** One source with its far end. What a kind does not have is left out. */
export interface Ends {
  /** What the application owns; or a handle that was opened. */
  readonly source?: object;
  readonly handle?: Handle;
  /** The far end writes. */
  feed?(bytes: Uint8Array): void;
  /** The far end will write no more. */
  endFeed?(): void;
  /** How many bytes the far end got so far. */
  got?(): number;
  /** The far end takes nothing, and goes on. It begins as it likes. */
  stopTaking?(): void;
  goOnTaking?(): void;
  /** The far end will read no more. */
  leave?(): void;
  /** Reads the source as its owner would, until it has `count` bytes. */
  readNatively?(count: number): Promise<Uint8Array>;
  dispose(): void;
}

export interface World {
  readonly home: Home;
  readonly reactor: Reactor;
}

/** One kind of source on one runtime. */
export interface Kind {
  /** As it stands in the table. */
  readonly name: string;
  /** What does not hold, and why. An operation that is a gap is checked the other way round. */
  readonly gaps?: { readonly [operation in Operation]?: string };
  /** Gaps that close by chance: they are named, and not looked at from the other side. */
  readonly sometimes?: readonly Operation[];
  /** Why `detach` may answer a read that is still under way. */
  readonly late?: string;
  /** Operations that it does not have: reading for what is only written, say. */
  readonly without: readonly Operation[];
  make(world: World): Promise<Ends>;
}

/** Why what the reactor itself opened is not given back. */
export const NO_OTHER_OWNER = "a stream of the reactor has no other owner: `detach` closes it";

/** Kinds that are only read, only written, or files: what they do not have. */
export const ONLY_READ = ["write", "room", "broken"] as const;
export const ONLY_WRITTEN = ["bytes", "timeout", "end", "detach"] as const;

/** A folder of its own, gone when `dispose` was called. */
export function scratch(): { readonly path: string; dispose(): void } {
  const folder = mkdtempSync(join(tmpdir(), "sluice-polls-"));
  return {
    path: join(folder, "it"),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A server of one connection, whose accepted socket is the far end. */
export interface Far {
  readonly port: number;
  readonly path: string;
  /** The far end, once somebody has connected. */
  readonly socket: Promise<Socket>;
  dispose(): void;
}

export async function farServer(transport: "tcp" | "unix"): Promise<Far> {
  const place = scratch();
  let accepted!: (socket: Socket) => void;
  const socket = new Promise<Socket>((resolve) => accepted = resolve);
  const sockets: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (one) => {
    sockets.push(one);
    one.on("error", () => {});
    accepted(one);
  });
  await new Promise<void>((resolve) => {
    if (transport === "tcp") server.listen(0, "127.0.0.1", resolve);
    else server.listen(place.path, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    path: place.path,
    socket,
    dispose() {
      for (const one of sockets) one.destroy();
      server.close();
      place.dispose();
    },
  };
}

/** What a socket's far end can do. */
export function endsOfSocket(far: Socket): Omit<Ends, "dispose"> {
  let got = 0;
  const count = (bytes: Uint8Array) => {
    got += bytes.length;
  };
  far.on("data", count);
  return {
    feed: (bytes) => far.write(bytes),
    endFeed: () => far.end(),
    got: () => got,
    stopTaking: () => far.pause(),
    goOnTaking: () => far.resume(),
    leave: () => far.resetAndDestroy(),
  };
}

/** Reads a stream of `node:stream` as anybody would. */
export function readNodeStream(
  stream: NodeJS.ReadableStream,
  count: number,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const pieces: Uint8Array[] = [];
    let size = 0;
    const look = () => {
      if (size < count) return;
      // Node 26 takes a stream for listened to after `removeAllListeners("data")`.
      stream.off("data", came).off("error", reject);
      stream.pause();
      resolve(joined(pieces));
    };
    const came = (piece: Uint8Array) => {
      pieces.push(piece);
      size += piece.length;
      look();
    };
    stream.on("error", reject).on("data", came);
    stream.resume();
    look();
  });
}

/** Reads a web stream as anybody would. */
export async function readWebStream(
  stream: ReadableStream<Uint8Array>,
  count: number,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const pieces: Uint8Array[] = [];
  for (let size = 0; size < count;) {
    const { value, done } = await reader.read();
    if (done) break;
    pieces.push(value);
    size += value.length;
  }
  reader.releaseLock();
  return joined(pieces);
}

/** Reads whatever reads into memory, as Deno's objects do. */
export async function readInto(
  source: { read(into: Uint8Array): Promise<number | null> },
  count: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let size = 0; size < count;) {
    const bytes = new Uint8Array(count - size);
    const n = await source.read(bytes);
    if (n === null) break;
    pieces.push(bytes.subarray(0, n));
    size += n;
  }
  return joined(pieces);
}

/** Somebody who reads a web stream, and stops and goes on. */
export function takingOf(reader: ReadableStreamDefaultReader<Uint8Array>) {
  let got = 0;
  let isTaking = true;
  const take = async () => {
    while (isTaking) {
      const { value, done } = await reader.read();
      if (done) return;
      got += value.length;
    }
  };
  take().catch(() => {});
  return {
    got: () => got,
    stopTaking() {
      isTaking = false;
    },
    goOnTaking() {
      isTaking = true;
      take().catch(() => {});
    },
  };
}
