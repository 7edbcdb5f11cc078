/**
 * Kinds of sources that only Bun has. It knows Bun's calls, typed by hand.
 *
 * @module
 */

import { appendFileSync, writeFileSync } from "node:fs";
import { joined } from "../../../core/work/pieces.ts";
import {
  type Ends,
  endsOfSocket,
  farServer,
  type Kind,
  ONLY_READ,
  ONLY_WRITTEN,
  readWebStream,
  scratch,
  takingOf,
} from "./ends.ts";

interface BunSocket {
  reload(options: object): void;
  resume(): void;
  terminate(): void;
}

interface BunChild {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stdin: { write(bytes: Uint8Array): unknown; flush(): unknown; end(): unknown };
  kill(signal: string): void;
}

interface Platform {
  connect(options: object): Promise<BunSocket>;
  file(path: string): object;
  spawn(command: readonly string[], options: object): BunChild;
}

function bun(): Platform {
  return (globalThis as unknown as { Bun: Platform }).Bun;
}

export const BUN_KINDS: readonly Kind[] = [
  { name: "`Bun.connect`, TCP", without: [], make: () => socketTo("tcp") },
  { name: "`Bun.connect`, Unix", without: ["broken"], make: () => socketTo("unix") },
  {
    name: "`Bun.file`",
    without: ["timeout", ...ONLY_READ, "detach"],
    make: () => Promise.resolve(file()),
  },
  {
    name: "`Bun.spawn`",
    without: ["timeout", "end", "room", "broken", "detach"],
    make() {
      const child = echo();
      return Promise.resolve({ source: child, dispose: () => child.kill("SIGKILL") });
    },
  },
  { name: "its `stdout`", without: ONLY_READ, make: () => Promise.resolve(childStdout()) },
  {
    name: "its `stdin`",
    without: ONLY_WRITTEN,
    gaps: {
      broken: "Bun 1.4 does not tell a sink that nobody reads; the whole child knows its end",
    },
    // A write fails now and then, on a busy machine.
    sometimes: ["broken"],
    make: () => Promise.resolve(childStdin()),
  },
];

async function socketTo(transport: "tcp" | "unix"): Promise<Ends> {
  const far = await farServer(transport);
  const where = transport === "tcp"
    ? { hostname: "127.0.0.1", port: far.port }
    : { unix: far.path };
  const source = await bun().connect({ ...where, socket: { data() {} } });
  const ends = endsOfSocket(await far.socket);
  return {
    ...ends,
    source,
    readNatively: (count) => readSocket(source, count),
    dispose() {
      source.terminate();
      far.dispose();
    },
  };
}

/** Whoever gets a socket back sets handlers of his own. */
function readSocket(socket: BunSocket, count: number): Promise<Uint8Array> {
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = [];
    let size = 0;
    socket.reload({
      socket: {
        data(_socket: unknown, bytes: Uint8Array) {
          pieces.push(new Uint8Array(bytes));
          size += bytes.length;
          if (size >= count) resolve(joined(pieces));
        },
      },
    });
    socket.resume();
    if (count === 0) resolve(joined(pieces));
  });
}

function file(): Ends {
  const place = scratch();
  writeFileSync(place.path, "");
  return {
    source: bun().file(place.path),
    feed: (bytes) => appendFileSync(place.path, bytes),
    endFeed() {},
    dispose: place.dispose,
  };
}

function echo(): BunChild {
  return bun().spawn(["cat"], { stdin: "pipe", stdout: "pipe" });
}

function childStdout(): Ends {
  const child = echo();
  return {
    source: child.stdout,
    feed(bytes) {
      child.stdin.write(bytes);
      child.stdin.flush();
    },
    endFeed: () => void child.stdin.end(),
    readNatively: (count) => readWebStream(child.stdout, count),
    dispose: () => child.kill("SIGKILL"),
  };
}

function childStdin(): Ends {
  const child = echo();
  return {
    ...takingOf(child.stdout.getReader()),
    source: child.stdin,
    leave: () => child.kill("SIGKILL"),
    dispose: () => child.kill("SIGKILL"),
  };
}
