/** The stream of an answer, with a controller that does as the test says. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Buf, bufOf, releaseBuf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import { AGAIN, OK } from "../../../core/status.ts";
import type { DirectController } from "../../../runtimes/bun_serve/platform.ts";
import { ResponseStream, type StreamOwner } from "../../../runtimes/bun_serve/response_stream.ts";

class Owner implements StreamOwner {
  readonly events: string[] = [];
  onOpened: () => void = () => {};

  streamOpened(): void {
    this.events.push("opened");
    this.onOpened();
  }

  streamWritable(): void {
    this.events.push("writable");
  }

  streamReleased(buf: Buf): void {
    this.events.push(`released ${buf.bytes.length}`);
    releaseBuf(buf);
  }

  streamCancelled(): void {
    this.events.push("cancelled");
  }
}

/** Says `slow` after so many writes: then each write answers a promise. */
class Controller implements DirectController {
  readonly calls: string[] = [];
  writesTaken = Infinity;
  settle: () => void = () => {};

  write(bytes: Uint8Array): number | Promise<unknown> {
    this.calls.push(`write ${bytes.length}`);
    if (this.writesTaken-- > 0) return bytes.length;
    return new Promise<void>((resolve) => this.settle = resolve);
  }

  flush(): number {
    this.calls.push("flush");
    return 0;
  }

  end(): void {
    this.calls.push("end");
  }
}

function opened(): { owner: Owner; controller: Controller; stream: ResponseStream } {
  const owner = new Owner();
  const controller = new Controller();
  const stream = new ResponseStream(owner);
  stream.pull(controller);
  owner.events.length = 0;
  return { owner, controller, stream };
}

function chainOf(...sizes: number[]): Chain {
  const chain = new Chain();
  for (const size of sizes) chain.append(bufOf(new Uint8Array(size)));
  return chain;
}

test("pull() opens the stream and stays pending until end()", async () => {
  const owner = new Owner();
  const controller = new Controller();
  const stream = new ResponseStream(owner);
  assertEquals(stream.isOpen, false);
  const pulled = stream.pull(controller);
  assertEquals([owner.events, stream.isOpen], [["opened"], true]);
  stream.end();
  await pulled;
  assertEquals([controller.calls, stream.isOpen], [["end"], false]);
});

test("offer() writes slices of 65,536 bytes and releases each buffer once it is written", () => {
  const { owner, controller, stream } = opened();
  const chain = chainOf(5, 150_000);
  assertEquals(stream.offer(chain), OK);
  assertEquals(controller.calls, ["write 5", "write 65536", "write 65536", "write 18928"]);
  assertEquals([owner.events, chain.isEmpty], [["released 5", "released 150000"], true]);
});

test("offer() answers AGAIN at a promise, and onWritable follows when it settles", async () => {
  const { owner, controller, stream } = opened();
  controller.writesTaken = 1;
  const chain = chainOf(150_000, 9);
  assertEquals(stream.offer(chain), AGAIN);
  assertEquals([chain.first!.pos, owner.events], [131_072, []]);
  controller.settle();
  await null;
  await null;
  assertEquals(owner.events, ["writable"]);
  controller.writesTaken = 1;
  assertEquals(stream.offer(chain), AGAIN);
  assertEquals(owner.events, ["writable", "released 150000", "released 9"]);
  assertEquals(chain.isEmpty, true);
});

test("cancel() tells once, and a promise that settles later tells nothing", async () => {
  const { owner, controller, stream } = opened();
  controller.writesTaken = 0;
  stream.offer(chainOf(1));
  stream.cancel();
  stream.cancel();
  controller.settle();
  await null;
  await null;
  assertEquals(owner.events, ["released 1", "cancelled"]);
  stream.end();
  stream.abort();
  assertEquals(controller.calls, ["write 1"]);
});

test("abort() rejects what pull() answered, with nothing", async () => {
  const owner = new Owner();
  const stream = new ResponseStream(owner);
  const pulled = stream.pull(new Controller()) as Promise<void>;
  const rejected = pulled.then(() => "resolved", (reason) => String(reason));
  stream.abort();
  assertEquals(await rejected, "undefined");
  stream.cancel();
  assertEquals(owner.events, ["opened"]);
});

test("abort() before pull() or inside of it makes pull() throw", () => {
  const before = new ResponseStream(new Owner());
  before.abort();
  assertEquals(thrownBy(() => before.pull(new Controller())), "undefined");
  const owner = new Owner();
  const inside = new ResponseStream(owner);
  owner.onOpened = () => inside.abort();
  assertEquals(thrownBy(() => inside.pull(new Controller())), "undefined");
});

test("pull() behind a cancel does nothing", () => {
  const owner = new Owner();
  const stream = new ResponseStream(owner);
  stream.cancel();
  assertEquals(stream.pull(new Controller()), undefined);
  assertEquals(owner.events, ["cancelled"]);
});

/** What a call threw, as text: the platform's assertions want an error, and this is none. */
function thrownBy(call: () => void): string {
  let thrown = "nothing was thrown";
  assertThrows(() => {
    try {
      call();
    } catch (reason) {
      thrown = String(reason);
      throw new Error("thrown");
    }
  });
  return thrown;
}
