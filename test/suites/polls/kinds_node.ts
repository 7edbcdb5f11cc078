/**
 * Kinds of sources that Node has, and Deno and Bun as well by their compatibility with it. It knows
 * `node:` modules, and what does not hold where.
 *
 * @module
 */

import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  constants,
  createReadStream,
  openSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { connect } from "node:net";
import { Duplex } from "node:stream";
import { openPipe } from "../../../core/work/adopt.ts";
import {
  type Ends,
  endsOfSocket,
  farServer,
  type Kind,
  ONLY_READ,
  ONLY_WRITTEN,
  readNodeStream,
  scratch,
} from "./ends.ts";

const TCP: Kind = { name: "`net.Socket`, TCP", without: [], make: () => socketTo("tcp") };
const UNIX: Kind = {
  name: "`net.Socket`, Unix",
  without: ["broken"],
  make: () => socketTo("unix"),
};
const DUPLEX: Kind = {
  name: "`stream.Duplex`",
  without: ["broken"],
  make: () => Promise.resolve(duplex()),
};
const FIFO: Kind = {
  name: "FIFO, by `openPipe`",
  without: ONLY_READ,
  make: ({ home }) => fifo((path) => openPipe(path, home)),
};
const CHILD: Kind = {
  name: "`ChildProcess`",
  without: ["timeout", "end", "room", "broken", "detach"],
  make: () => Promise.resolve(child()),
};
const CHILD_STDOUT: Kind = {
  name: "a child's `stdout`",
  without: ONLY_READ,
  make: () => Promise.resolve(childStdout()),
};
const CHILD_STDIN: Kind = {
  name: "a child's `stdin`",
  without: ONLY_WRITTEN,
  make: () => Promise.resolve(childStdin()),
};
const FILE_HANDLE: Kind = {
  name: "`FileHandle`",
  without: ["timeout", "room", "broken"],
  make: () => fileHandle(),
};
const READ_STREAM: Kind = {
  name: "`fs.ReadStream`",
  without: ["timeout", ...ONLY_READ],
  make: () => Promise.resolve(readStream()),
};
const PORT: Kind = {
  name: "`MessagePort`",
  without: ["room"],
  make: () => Promise.resolve(port()),
};

export const NODE_KINDS: readonly Kind[] = [
  TCP,
  UNIX,
  DUPLEX,
  FIFO,
  CHILD,
  CHILD_STDOUT,
  CHILD_STDIN,
  FILE_HANDLE,
  READ_STREAM,
  PORT,
];

async function socketTo(transport: "tcp" | "unix"): Promise<Ends> {
  const far = await farServer(transport);
  const source = transport === "tcp"
    ? connect({ port: far.port, host: "127.0.0.1" })
    : connect({ path: far.path });
  source.on("error", () => {});
  const ends = endsOfSocket(await far.socket);
  return {
    ...ends,
    source,
    readNatively: (count) => readNodeStream(source, count),
    dispose() {
      source.destroy();
      far.dispose();
    },
  };
}

function duplex(): Ends {
  let got = 0;
  let isTaking = true;
  let takeMore: (() => void) | null = null;
  const source = new Duplex({
    read() {},
    write(piece: Uint8Array, _encoding, done) {
      const take = () => {
        got += piece.length;
        done();
      };
      if (isTaking) take();
      else takeMore = take;
    },
  });
  return {
    source,
    feed: (bytes) => void source.push(bytes),
    endFeed: () => void source.push(null),
    got: () => got,
    stopTaking() {
      isTaking = false;
    },
    goOnTaking() {
      isTaking = true;
      takeMore?.();
    },
    readNatively: (count) => readNodeStream(source, count),
    dispose: () => void source.destroy(),
  };
}

/** A FIFO whose reader is made by `read`; the writer comes with the first byte. */
async function fifo(
  read: (path: string) => Promise<Ends["handle"]>,
): Promise<Ends> {
  const place = scratch();
  execFileSync("mkfifo", [place.path]);
  const handle = await read(place.path);
  let writer = -1;
  const opened = () => {
    if (writer < 0) writer = openSync(place.path, constants.O_WRONLY);
    return writer;
  };
  return {
    handle: handle!,
    feed: (bytes) => void writeSync(opened(), bytes),
    endFeed() {
      closeSync(opened());
      writer = -1;
    },
    dispose() {
      if (writer >= 0) closeSync(writer);
      place.dispose();
    },
  };
}

/** A child that answers what it is told. */
function echo() {
  return spawn("cat", { stdio: ["pipe", "pipe", "inherit"] });
}

function child(): Ends {
  const source = echo();
  return { source, dispose: () => void source.kill() };
}

function childStdout(): Ends {
  const { stdout, stdin, kill } = bound(echo());
  return {
    source: stdout,
    feed: (bytes) => void stdin.write(bytes),
    endFeed: () => void stdin.end(),
    readNatively: (count) => readNodeStream(stdout, count),
    dispose: kill,
  };
}

function childStdin(): Ends {
  const { stdout, stdin, kill } = bound(echo());
  let got = 0;
  stdout.on("data", (bytes: Uint8Array) => {
    got += bytes.length;
  });
  return {
    source: stdin,
    got: () => got,
    stopTaking: () => void stdout.pause(),
    goOnTaking: () => void stdout.resume(),
    leave: kill,
    dispose: kill,
  };
}

function bound(child: ReturnType<typeof echo>) {
  return { stdout: child.stdout, stdin: child.stdin, kill: () => void child.kill("SIGKILL") };
}

async function fileHandle(): Promise<Ends> {
  const place = scratch();
  writeFileSync(place.path, "");
  const source = await open(place.path, "a+");
  return {
    source,
    feed: (bytes) => appendFileSync(place.path, bytes),
    endFeed() {},
    got: () => readFileSync(place.path).length,
    async readNatively(count) {
      const bytes = new Uint8Array(count);
      const { bytesRead } = await source.read(bytes, 0, count, null);
      return bytes.subarray(0, bytesRead);
    },
    dispose() {
      source.close().catch(() => {});
      place.dispose();
    },
  };
}

function readStream(): Ends {
  const place = scratch();
  writeFileSync(place.path, "");
  const source = createReadStream(place.path);
  return {
    source,
    feed: (bytes) => appendFileSync(place.path, bytes),
    endFeed() {},
    readNatively: (count) => readNodeStream(source, count),
    dispose() {
      source.destroy();
      place.dispose();
    },
  };
}

function port(): Ends {
  const { port1, port2 } = new MessageChannel();
  let got = 0;
  port2.onmessage = (event: MessageEvent<Uint8Array>) => {
    got += event.data.length;
  };
  return {
    source: port1,
    feed: (bytes) => port2.postMessage(bytes),
    endFeed: () => port2.close(),
    got: () => got,
    leave: () => port2.close(),
    dispose() {
      port1.close();
      port2.close();
    },
  };
}
