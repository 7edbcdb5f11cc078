/** A whole server in memory with clients in words: what a test of an application leans on. */

import { describe, test } from "node:test";
import { assertEquals, assertGreater, assertLess, assertRejects, assertThrows } from "@std/assert";
import { DONE, ERROR, finalizeRequest, type HttpRequest } from "../../../core/mod.ts";
import { memoryServer } from "../../../runtimes/memory_server.ts";
import "../../../examples/test_your_app.ts";

const hello = (request: HttpRequest) =>
  request.respond(200, { "x-target": request.target }, `${request.method} ${request.target}`);

/** Sends 200 KiB as fast as it may. */
const large = (request: HttpRequest) => request.respond(200, {}, new Uint8Array(200 * 1024));

describe("memoryServer()", () => {
  test("takes each kind of application, and its settings, and refuses the rest", async () => {
    const apps = [{ fetch: () => new Response("hello") }, (request: HttpRequest) => hello(request)];
    for (const app of apps) {
      const world = memoryServer(app, { limits: { clientBodyMaxBytes: 7 } });
      assertEquals((await world.connect().get("/")).status, 200);
      assertEquals(world.server.limits.clientBodyMaxBytes, 7);
      assertEquals((await world.close()).clean, true);
    }
    assertThrows(() => memoryServer(7 as never), TypeError);
  });

  test("settle() leaves the clock alone, advance() and until() move it", async () => {
    const world = memoryServer(hello);
    const client = world.connect();
    await world.settle();
    assertEquals([client.isOpen, world.now()], [true, 0]);
    await world.advance(9999);
    assertEquals([client.closed, client.hasEnded, world.now()], [null, false, 9999]);
    await world.until(() => client.closed !== null);
    assertEquals(world.now(), 10_000);
    await assertRejects(() => world.until(() => false, { withinMs: 5 }), Error, "did not come");
    await world.close();
  });

  test("close() names what is never released", async () => {
    const world = memoryServer((request: HttpRequest) => {
      request.hold("waits for nobody");
      return DONE;
    });
    const client = world.connect().write("GET /forgotten HTTP/1.1\r\nHost: a\r\n\r\n");
    await world.settle();
    await assertRejects(
      () => world.close({ deadlineMs: 100 }),
      Error,
      'GET /forgotten (abandoned), held by "waits for nobody"',
    );
    assertEquals(client.closed, "reset");
  });

  test("sleep() resolves by the world's clock, and rejects when its signal aborts", async () => {
    const world = memoryServer(hello);
    const done: string[] = [];
    const control = new AbortController();
    void world.sleep(20).then(() => done.push("20"));
    void world.sleep(10).then(() => done.push("10"));
    void world.sleep(0).then(() => done.push("0"));
    const aborted = world.sleep(30, control.signal);
    await world.advance(19);
    assertEquals(done, ["0", "10"]);
    control.abort(new Error("enough"));
    await assertRejects(() => aborted, Error, "enough");
    await assertRejects(() => world.sleep(1, control.signal), Error, "enough");
    await world.advance(1);
    assertEquals(done, ["0", "10", "20"]);
    await world.close();
  });
});

describe("MemoryHttpClient", () => {
  test("request() spells method, fields and body, and answers what came", async () => {
    const world = memoryServer(async (request: HttpRequest) => {
      const text = new TextDecoder().decode(await request.body.bytes());
      return request.respond(201, {
        "x-host": request.header("host") ?? "",
        "x-length": request.header("content-length") ?? "",
      }, `${request.method} ${text}`);
    });
    const client = world.connect();
    const answer = await client.request("/", { body: "£", headers: { "Host": "b", "x-a": "1" } });
    assertEquals([answer.status, answer.reason, answer.text], [201, "Created", "POST £"]);
    assertEquals([answer.header("x-host"), answer.header("x-length")], ["b", "2"]);
    assertEquals([answer.header("x-nothing"), answer.trailers], [null, []]);
    assertThrows(() => answer.json(), SyntaxError);
    await world.close();
  });

  test("answers that are asked for at once come in order, from one pipeline", async () => {
    const world = memoryServer(hello);
    const client = world.connect();
    const targets = ["/a", "/b", "/c"];
    const answers = await Promise.all(targets.map((target) => client.get(target)));
    assertEquals(answers.map((answer) => answer.header("x-target")), targets);
    await world.close();
  });

  test("an answer to HEAD has no body, however the request was written", async () => {
    const world = memoryServer(hello);
    const client = world.connect();
    const head = await client.request("/", { method: "HEAD" });
    assertEquals([head.header("content-length"), head.text], ["6", ""]);
    client.write("HEAD /a HTT").write("P/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    assertEquals([(await client.answer()).text, (await client.answer()).text], ["", "GET /b"]);
    await world.close();
  });

  test("an interim answer is no answer", async () => {
    const world = memoryServer(async (request: HttpRequest) => {
      return request.respond(200, {}, await request.body.bytes());
    });
    const client = world.connect();
    const headers = { expect: "100-continue", "content-length": "4" };
    const answered = client.request("/", { method: "POST", headers });
    await world.until(() => client.interims.length === 1);
    assertEquals([client.interims[0]!.status, client.answers.length], [100, 0]);
    client.write("ping");
    assertEquals((await answered).text, "ping");
    await world.close();
  });

  test("arriving shows what is there of an answer, and a cut-off says that it is one", async () => {
    const world = memoryServer((request: HttpRequest) => {
      const hold = request.hold("half an answer");
      request.sendHead(200, { "content-length": "10" });
      request.send("12345", { flush: true });
      world.reactor.after(1000, () => {
        finalizeRequest(request, ERROR);
        hold.release();
      });
      return DONE;
    });
    const client = world.connect();
    const answered = client.get("/");
    await world.until(() => client.arriving !== null);
    assertEquals([client.arriving!.status, client.arriving!.text], [200, "12345"]);
    await assertRejects(
      () => answered,
      Error,
      "the connection ended first, in the middle of a 200",
    );
    await world.close();
  });
});

describe("a slow MemoryHttpClient", () => {
  test("readSlowly() takes in as many bytes in a second as it says", async () => {
    const world = memoryServer(large);
    const client = world.connect().readSlowly(10_000);
    const answer = await client.get("/");
    assertEquals(answer.bytes.length, 200 * 1024);
    assertGreater(world.now(), 20_000);
    assertLess(world.now(), 22_000);
    await world.close();
  });

  test("readSlowly(Infinity) and resumeReading() end what they ended", async () => {
    const world = memoryServer(large);
    const client = world.connect().readSlowly(1000);
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await world.advance(5000);
    client.pauseReading();
    const { length } = client.arriving!.bytes;
    await world.advance(5000);
    assertLess(client.arriving!.bytes.length - length, 200);
    client.readSlowly(Infinity).resumeReading();
    assertEquals((await client.answer({ withinMs: 1000 })).bytes.length, 200 * 1024);
    await world.close();
  });

  test("writeSlowly() takes its time, and stops when the server closes", async () => {
    const world = memoryServer(hello);
    const text = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const inTime = world.connect().writeSlowly(text, 7);
    assertEquals((await inTime.answer()).status, 200);
    assertEquals(Math.round(world.now() / 100), Math.round((text.length - 1) / 7 * 10));
    const late = world.connect().writeSlowly(text, 1);
    assertEquals((await late.answer()).status, 408);
    await world.until(() => late.closed !== null);
    assertThrows(() => late.writeSlowly("x", 0), RangeError);
    assertThrows(() => late.readSlowly(NaN), RangeError);
    await world.close();
  });

  test("disconnect() closes, half-closes or resets", async () => {
    const causes: string[] = [];
    const world = memoryServer((request: HttpRequest) => {
      const hold = request.hold("until the client leaves");
      request.onAbort((cause) => {
        causes.push(cause);
        finalizeRequest(request, request.respond(200, {}, "bye"));
        hold.release();
      });
      return DONE;
    });
    const clients = (["close", "half-close", "reset"] as const).map((how) => {
      const client = world.connect().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      return { client, how };
    });
    await world.settle();
    for (const { client, how } of clients) client.disconnect(how);
    await world.settle();
    assertEquals(causes, ["client-gone", "client-gone", "client-gone"]);
    assertEquals(clients.map(({ client }) => client.answers.length), [0, 1, 0]);
    await world.close();
  });
});
