/**
 * Kinds of sources that only Deno has. It knows Deno's calls, typed by hand.
 *
 * @module
 */

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import {
  type Ends,
  endsOfSocket,
  farServer,
  type Kind,
  ONLY_READ,
  ONLY_WRITTEN,
  readInto,
  readWebStream,
  scratch,
  takingOf,
} from "./ends.ts";

interface Reader {
  read(into: Uint8Array): Promise<number | null>;
  close(): void;
}

interface DenoChild {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stdin: WritableStream<Uint8Array>;
  kill(signal: string): void;
}

interface Platform {
  connect(where: object): Promise<Reader>;
  open(path: string, options: object): Promise<Reader>;
  readonly Command: new (name: string, options: object) => { spawn(): DenoChild };
}

function deno(): Platform {
  return (globalThis as unknown as { Deno: Platform }).Deno;
}

export const DENO_KINDS: readonly Kind[] = [
  {
    name: "`Deno.Conn`, TCP",
    without: [],
    late: "a read that waits cannot be called back: what it brings is `late`",
    make: () => connTo("tcp"),
  },
  {
    name: "`Deno.Conn`, Unix",
    without: ["broken"],
    late: "as with TCP",
    make: () => connTo("unix"),
  },
  {
    name: "`Deno.FsFile`",
    without: ["timeout", "room", "broken"],
    make: () => file(),
  },
  {
    name: "`Deno.ChildProcess`",
    without: ["timeout", "end", "room", "broken", "detach"],
    make() {
      const child = echo();
      return Promise.resolve({ source: child, dispose: () => end(child) });
    },
  },
  {
    name: "its `stdout`",
    without: ONLY_READ,
    make: () => Promise.resolve(childStdout()),
  },
  {
    name: "its `stdin`",
    without: ONLY_WRITTEN,
    make: () => Promise.resolve(childStdin()),
  },
];

async function connTo(transport: "tcp" | "unix"): Promise<Ends> {
  const far = await farServer(transport);
  const where = transport === "tcp"
    ? { transport, hostname: "127.0.0.1", port: far.port }
    : { transport, path: far.path };
  const source = await deno().connect(where);
  const ends = endsOfSocket(await far.socket);
  return {
    ...ends,
    source,
    readNatively: (count) => readInto(source, count),
    dispose() {
      try {
        source.close();
      } catch {
        // The handle has closed it.
      }
      far.dispose();
    },
  };
}

async function file(): Promise<Ends> {
  const place = scratch();
  writeFileSync(place.path, "");
  const source = await deno().open(place.path, { read: true, append: true });
  return {
    source,
    feed: (bytes) => appendFileSync(place.path, bytes),
    endFeed() {},
    got: () => readFileSync(place.path).length,
    readNatively: (count) => readInto(source, count),
    dispose: place.dispose,
  };
}

function echo(): DenoChild {
  const options = { stdin: "piped", stdout: "piped" };
  return new (deno().Command)("cat", options).spawn();
}

function end(child: DenoChild): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}

function childStdout(): Ends {
  const child = echo();
  const writer = child.stdin.getWriter();
  return {
    source: child.stdout,
    feed: (bytes) => void writer.write(bytes),
    endFeed: () => void writer.close(),
    readNatively: (count) => readWebStream(child.stdout, count),
    dispose: () => end(child),
  };
}

function childStdin(): Ends {
  const child = echo();
  return {
    ...takingOf(child.stdout.getReader()),
    source: child.stdin,
    leave: () => end(child),
    dispose: () => end(child),
  };
}
