/**
 * Units of runtimes/common/stream_handle.ts, on a platform that only takes notes.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFault } from "../../../core/assert.ts";
import { type Buf, bufOf, releaseBuf } from "../../../core/buf.ts";
import { Chain } from "../../../core/chain.ts";
import type { Address, LogLevel, StreamEvents } from "../../../core/reactor.ts";
import { AGAIN, ERROR, OK, type SendCode } from "../../../core/status.ts";
import { LoopBase } from "../../../runtimes/common/loop_base.ts";
import { StreamHandle } from "../../../runtimes/common/stream_handle.ts";

const ADDRESS: Address = { transport: "tcp", host: "127.0.0.1", port: 80 };

class NotingLoop extends LoopBase {
  readonly notes: string[] = [];

  override log(level: LogLevel, text: string): void {
    this.notes.push(`${level}: ${text}`);
  }
}

/** Lends one buffer at a time, and calls nothing by itself. */
class NotingHandle extends StreamHandle {
  readonly notes: string[];

  constructor(asked: Address = ADDRESS, accepted = true) {
    const loop = new NotingLoop();
    super(loop, eventsThatNote(loop.notes), asked, accepted);
    this.notes = loop.notes;
  }

  protected offer(chain: Chain): SendCode {
    if (this.lent === null) this.lent = chain.lend();
    if (chain.isEmpty) return OK;
    this.again = true;
    return AGAIN;
  }

  protected platformResume(): void {
    this.notes.push("resume");
  }

  protected platformPause(): void {
    this.notes.push("pause");
  }

  protected platformShutdown(): void {
    this.notes.push("fin");
  }

  protected platformClose(): void {
    this.notes.push("close");
  }

  protected platformAbort(): void {
    this.notes.push("reset");
  }

  protected tcpRemote(): Address {
    return ADDRESS;
  }

  protected tcpLocal(): Address {
    return ADDRESS;
  }
}

function eventsThatNote(notes: string[]): StreamEvents {
  return {
    onOpen: () => notes.push("onOpen"),
    onData: (_handle, bytes) => notes.push(`onData ${bytes.length}`),
    onWritable: () => notes.push("onWritable"),
    onRelease: (_handle, buf: Buf) => {
      notes.push("onRelease");
      releaseBuf(buf);
    },
    onEnd: () => notes.push("onEnd"),
    onClose: (_handle, reason) => notes.push(`onClose ${reason}`),
  };
}

/** An open handle with its first notes taken off. */
function openHandle(): NotingHandle {
  const handle = new NotingHandle();
  handle.opened();
  handle.notes.length = 0;
  return handle;
}

function sendBufs(handle: StreamHandle, count: number): SendCode {
  const chain = new Chain();
  for (let i = 0; i < count; i++) chain.append(bufOf(new Uint8Array(3)));
  return handle.send(chain);
}

describe("StreamHandle", () => {
  test("send() before onOpen is a programmer's error", () => {
    assertThrows(() => sendBufs(new NotingHandle(), 1), AssertionFault);
  });

  test("send() while AGAIN is open takes nothing", () => {
    const handle = openHandle();
    assertEquals(sendBufs(handle, 2), AGAIN);
    const chain = new Chain();
    chain.append(bufOf(new Uint8Array(1)));
    assertEquals(handle.send(chain), AGAIN);
    assertEquals(chain.count, 1);
    handle.lentFlushed();
    assertEquals(handle.notes, ["onRelease", "onWritable"]);
  });

  test("lentFlushed() without AGAIN only releases", () => {
    const handle = openHandle();
    assertEquals(sendBufs(handle, 1), OK);
    handle.lentFlushed();
    assertEquals(handle.notes, ["onRelease"]);
  });

  test("shutdown() waits for the lent buffer, and is done once", () => {
    const handle = openHandle();
    sendBufs(handle, 2);
    handle.shutdown();
    handle.shutdown();
    assertEquals(sendBufs(handle, 1), ERROR);
    assertEquals(handle.notes, []);
    handle.lentFlushed();
    assertEquals(handle.notes, ["onRelease", "fin"]);
    handle.received(new Uint8Array(2));
    assertEquals(handle.notes.at(-1), "onData 2");
  });

  test("close() waits for the lent buffer, and ends reading at once", () => {
    const handle = openHandle();
    sendBufs(handle, 2);
    handle.close();
    handle.received(new Uint8Array(2));
    handle.peerEnded();
    handle.readStop();
    handle.readStart();
    assertEquals(handle.notes, ["pause"]);
    handle.lentFlushed();
    handle.closed();
    assertEquals(handle.notes, ["pause", "onRelease", "close", "onClose clean"]);
  });

  test("abort() during close() cuts it short", () => {
    const handle = openHandle();
    sendBufs(handle, 1);
    handle.close();
    handle.abort();
    handle.abort();
    handle.closed();
    assertEquals(handle.notes, ["pause", "reset", "onRelease", "onClose aborted"]);
  });

  test("closed() comes through once, and the first reason stays", () => {
    const handle = openHandle();
    handle.failed(Object.assign(new Error(), { code: "ECONNRESET" }));
    handle.failed(Object.assign(new Error(), { code: "ETIMEDOUT" }));
    handle.closed();
    handle.closed();
    assertEquals(handle.notes, ["onClose reset"]);
  });

  test("failed() logs the platform's words when the reason says nothing", () => {
    const handle = new NotingHandle(ADDRESS, false);
    handle.failed(Object.assign(new Error("no way there"), { code: "EHOSTUNREACH" }));
    handle.closed();
    assertEquals(handle.notes, [
      "warn: a stream to port 80 on 127.0.0.1 failed: no way there",
      "onClose error",
    ]);
  });

  test("closedSoon() waits until its caller has returned", async () => {
    const handle = openHandle();
    handle.closedSoon();
    assertEquals(handle.notes, []);
    await Promise.resolve();
    await Promise.resolve();
    assertEquals(handle.notes, ["onClose clean"]);
  });

  test("peerEnded() is told once, and readStop() and readStart() only when they change", () => {
    const handle = openHandle();
    handle.readStart();
    handle.readStop();
    handle.readStop();
    handle.readStart();
    handle.peerEnded();
    handle.peerEnded();
    assertEquals(handle.notes, ["pause", "resume", "onEnd"]);
  });

  test("a Unix stream is called by the path at its listening end", () => {
    const path: Address = { transport: "unix", path: "/run/app.sock" };
    const accepted = new NotingHandle(path, true);
    const connecting = new NotingHandle(path, false);
    assertEquals([accepted.localAddress(), connecting.remoteAddress()], [path, path]);
    const unnamed: Address = { transport: "unix", path: "" };
    assertEquals([accepted.remoteAddress(), connecting.localAddress()], [unnamed, unnamed]);
  });
});
