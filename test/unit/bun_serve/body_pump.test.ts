/** The pump of a request's body: who reads when, and in which pieces. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { BodyPump, type PumpOwner } from "../../../runtimes/bun_serve/body_pump.ts";

class Owner implements PumpOwner {
  bodyIsWanted = true;
  bodyTakesMax = 65_536;
  readonly events: string[] = [];
  /** Called with each piece, before it is noted. */
  onPiece: () => void = () => {};
  inEvent = false;

  bodyCame(bytes: Uint8Array): void {
    this.onPiece();
    this.events.push(String(bytes.length));
  }

  bodyEnded(): void {
    this.events.push(this.inEvent ? "end" : "end outside of an event");
  }

  clientGone(): void {
    this.events.push(this.inEvent ? "gone" : "gone outside of an event");
  }

  asEvent(event: () => void): void {
    this.inEvent = true;
    event();
    this.inEvent = false;
  }
}

/** A body that counts how often it was asked for a piece. */
function bodyOf(pieces: readonly (number | Error)[]) {
  const left = [...pieces];
  const asked = { count: 0 };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      asked.count++;
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else if (typeof piece === "number") controller.enqueue(new Uint8Array(piece));
      else controller.error(piece);
    },
  }, { highWaterMark: 0 });
  return { stream, asked };
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await null;
}

test("want() brings all pieces and the end, each as an event", async () => {
  const owner = new Owner();
  const pump = new BodyPump(bodyOf([3, 1]).stream, owner);
  pump.want();
  await microtasks();
  assertEquals(owner.events, ["3", "1", "end"]);
});

test("want() cuts a large piece into pieces of 65,536 bytes", async () => {
  const owner = new Owner();
  new BodyPump(bodyOf([150_000, 65_536]).stream, owner).want();
  await microtasks();
  assertEquals(owner.events, ["65536", "65536", "18928", "65536", "end"]);
});

test("a body that nobody wants is not read, and what was read waits", async () => {
  const owner = new Owner();
  owner.onPiece = () => owner.bodyIsWanted = false;
  const { stream, asked } = bodyOf([150_000, 5]);
  const pump = new BodyPump(stream, owner);
  assertEquals(asked.count, 0);
  pump.want();
  await microtasks();
  assertEquals([owner.events, asked.count], [["65536"], 1]);
  owner.bodyIsWanted = true;
  pump.want();
  assertEquals(owner.events, ["65536", "65536"]);
  owner.onPiece = () => {};
  owner.bodyIsWanted = true;
  pump.want();
  await microtasks();
  assertEquals([owner.events.slice(2), asked.count], [["18928", "5", "end"], 3]);
});

test("want() inside of a piece changes nothing: the pieces stay in order", async () => {
  const owner = new Owner();
  const pump = new BodyPump(bodyOf([100_000, 7]).stream, owner);
  owner.onPiece = () => pump.want();
  pump.want();
  await microtasks();
  assertEquals(owner.events, ["65536", "34464", "7", "end"]);
});

test("stop() drops what is here and what still comes", async () => {
  const owner = new Owner();
  const pump = new BodyPump(bodyOf([100_000, 7]).stream, owner);
  owner.onPiece = () => pump.stop();
  pump.want();
  await microtasks();
  assertEquals(owner.events, ["65536"]);
});

test("a body that breaks tells once that the client is gone", async () => {
  const owner = new Owner();
  const pump = new BodyPump(bodyOf([2, new Error("reset")]).stream, owner);
  pump.want();
  await microtasks();
  pump.want();
  await microtasks();
  assertEquals(owner.events, ["2", "gone"]);
});
