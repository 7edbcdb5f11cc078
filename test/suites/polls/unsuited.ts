/**
 * Sources that `adopt` refuses because waiting for them would hold up others or lose bytes, each
 * with the code `unsuited`; and that the refusal leaves them to their owner. It knows FIFOs, and
 * what Bun alone has of such sources.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { constants, createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { describe, test } from "node:test";
import { PassThrough } from "node:stream";
import { assertEquals, assertThrows } from "@std/assert";
import { AdoptError } from "../../../core/capabilities/polls.ts";
import { Loop } from "../../../core/loop.ts";
import { adopt, type Home } from "../../../core/work/adopt.ts";
import type { ColumnRig } from "../rig.ts";
import { scratch } from "./ends.ts";

interface Unsuited {
  readonly name: string;
  /** Calls `body` with the source, and frees it behind that. */
  readonly use: (body: (source: object) => void) => Promise<void>;
}

export function checkUnsuited(column: string, make: () => ColumnRig): void {
  describe(`adopt() on ${column}`, () => {
    for (const { name, use } of "Bun" in globalThis ? [...NODE, ...BUN] : NODE) {
      test(`refuses ${name} as unsuited, and leaves it alone`, () => {
        const { reactor } = make();
        const home: Home = { loop: new Loop(reactor), polls: reactor.polls, streams: reactor };
        return use((source) => {
          // Not "owned" at the second time: nothing of it was kept.
          for (let i = 0; i < 2; i++) {
            assertEquals(assertThrows(() => adopt(source, home), AdoptError).code, "unsuited");
          }
          assertEquals(home.loop.waiting.handles, 0);
        });
      });
    }
  });
}

const NODE: readonly Unsuited[] = [
  {
    name: "a `FileHandle` of a FIFO",
    use: (body) =>
      withFifo(async (path) => {
        const file = await open(path, constants.O_RDWR | constants.O_NONBLOCK);
        try {
          body(file);
        } finally {
          await file.close();
        }
      }),
  },
  {
    name: "an `fs.ReadStream` of a FIFO",
    use: (body) =>
      withFifo(async (path) => {
        // Opened for both, it does not wait for a writer.
        const stream = createReadStream(path, { flags: "r+" });
        await new Promise((resolve) => stream.once("open", resolve));
        try {
          body(stream);
        } finally {
          stream.destroy();
        }
      }),
  },
  {
    name: "a stream that decodes text",
    use(body) {
      const stream = new PassThrough();
      stream.setEncoding("utf8");
      body(stream);
      return Promise.resolve();
    },
  },
];

interface BunSocket {
  end(): void;
}

interface Platform {
  file(path: string): object;
  listen(options: object): { readonly port: number; stop(closes: boolean): void };
  connect(options: object): Promise<BunSocket>;
}

const BUN: readonly Unsuited[] = [
  {
    name: "`Bun.file` of a FIFO",
    use: (body) => withFifo((path) => Promise.resolve(body(bun().file(path)))),
  },
  {
    name: "a socket that a `Bun.listen` accepted",
    async use(body) {
      const { promise, resolve } = Promise.withResolvers<BunSocket>();
      const where = { hostname: "127.0.0.1" };
      const data = () => {};
      const listener = bun().listen({ ...where, port: 0, socket: { open: resolve, data } });
      const near = await bun().connect({ ...where, port: listener.port, socket: { data } });
      try {
        body(await promise);
      } finally {
        near.end();
        listener.stop(true);
      }
    },
  },
];

function bun(): Platform {
  return (globalThis as unknown as { Bun: Platform }).Bun;
}

async function withFifo(body: (path: string) => Promise<void>): Promise<void> {
  const place = scratch();
  execFileSync("mkfifo", [place.path]);
  try {
    await body(place.path);
  } finally {
    place.dispose();
  }
}
