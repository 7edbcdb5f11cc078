/**
 * Checks that a buffer that was taken comes home exactly once, whatever becomes of it; that one
 * which was not taken stays where it is; and that its owner may send again from its release.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Buf, bufOf, type BufOwner } from "../../../core/buf.ts";
import { terminateRequest } from "../../../core/finalize.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE, ERROR, OK } from "../../../core/status.ts";
import type { HardCheck } from "../check_hard.ts";
import type { HardBench } from "./hard_bench.ts";

/** Copied within `send`, and lent. */
const SIZES = [500, 40_000] as const;

export function checkHomecoming(check: HardCheck): void {
  for (const size of SIZES) {
    const kind = `of ${size} bytes`;
    check(`a buffer ${kind} comes home exactly when send() took it`, async (bench) => {
      await collect(bench, size, (request, send) => {
        assertEquals(send(), ERROR);
        request.sendHead(200);
        send();
        send();
        request.end();
        assertEquals(send(), ERROR);
      });
    });

    check(`a buffer ${kind} for a terminated request stays its owner's`, async (bench) => {
      await collect(bench, size, (request, send) => {
        request.sendHead(200);
        send();
        terminateRequest(request, "application");
        assertEquals(send(), ERROR);
      });
    });

    check(`a buffer ${kind} past the limit stays its owner's`, async (bench) => {
      await collect(bench, size, (request, send) => {
        request.sendHead(200);
        let count = 0;
        while (send() !== ERROR) assert(++count < 1e6, "there is no limit");
      });
    });

    for (const framing of ["length", "chunked"] as const) {
      const count = 20;
      check(`a buffer ${kind} may be sent again when it comes home: ${framing}`, async (bench) => {
        await bench.serve({
          handlers: [(request) => {
            request.sendHead(200, framing === "length" ? { "content-length": count * size } : {});
            new Again(request, size, count);
            return DONE;
          }],
        });
        const client = bench.connect().request("GET", "/");
        const [answer] = await client.waitAnswers(1);
        const letters = Array.from({ length: count }, (_, i) => letterOf(i).repeat(size));
        assert(answer?.body === letters.join(""), "the body is not what was sent");
      });
    }
  }
}

/**
 * Runs `act` on a request with a `send` for one new buffer at a time, and checks that of these each
 * comes home once, or never when `send` answered `ERROR`.
 */
async function collect(
  bench: HardBench,
  size: number,
  act: (request: HttpRequest, send: () => number) => void,
): Promise<void> {
  const owed = new Set<Buf>();
  let wrong = 0;
  const owner: BufOwner = {
    bufReleased: (buf) => {
      if (!owed.delete(buf)) wrong++;
    },
  };
  let ran = false;
  await bench.serve({
    handlers: [(request) => {
      act(request, () => {
        const buf = bufOf(new Uint8Array(size), owner);
        owed.add(buf);
        const code = request.send(buf);
        if (code === ERROR && !owed.delete(buf)) wrong++;
        return code;
      });
      ran = true;
      return OK;
    }],
  });
  bench.connect().request("GET", "/");
  await bench.settle(() => ran && owed.size === 0, "all buffers");
  await bench.rest();
  assertEquals(wrong, 0);
}

function letterOf(item: number): string {
  return String.fromCharCode(97 + item % 26);
}

/** One buffer that is filled and sent anew from its own release. */
class Again implements BufOwner {
  readonly #request: HttpRequest;
  readonly #count: number;
  #sent = 0;

  constructor(request: HttpRequest, size: number, count: number) {
    this.#request = request;
    this.#count = count;
    const hold = request.hold("the buffer goes round");
    request.onCleanup(() => assert(!hold.isOpen, "it ended in the middle"));
    this.#finish = () => {
      request.finalize();
      hold.release();
    };
    this.#send(bufOf(new Uint8Array(size), this));
  }

  readonly #finish: () => void;

  bufReleased(buf: Buf): void {
    if (this.#sent === this.#count) return;
    buf.end = buf.bytes.length;
    this.#send(buf);
  }

  #send(buf: Buf): void {
    buf.bytes.fill(letterOf(this.#sent++).charCodeAt(0));
    const last = this.#sent === this.#count;
    this.#request.send(buf, { last });
    if (last) this.#finish();
  }
}
