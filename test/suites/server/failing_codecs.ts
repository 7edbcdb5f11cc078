/**
 * Checks of codecs that fail where nobody is at fault: for want of memory, say. Whatever throws in
 * one ends one request, by an error or a reset, and leaves nothing busy.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Codec, Codecs } from "../../../core/capabilities/codecs.ts";
import type { HttpRequest } from "../../../core/http_request.ts";
import { DONE, OK, type ResultCode } from "../../../core/status.ts";
import type { ServerCheck } from "../check_server.ts";
import { fieldOf } from "./answers.ts";
import type { RawClient, ServerBench } from "./bench.ts";

const TEXT = { "content-type": "text/plain" };
const LINES = "a line that says the same again and again\n".repeat(100);

/** Lets the codecs of a column fail: while `steps` is 0, each step; without `has`, each maker. */
interface Trouble {
  has: boolean;
  steps: number;
}

function trouble(bench: ServerBench): Trouble {
  const state: Trouble = { has: true, steps: Infinity };
  const { reactor } = bench.rig;
  const { codecs } = reactor;
  const spoilt = (codec: Codec | null): Codec | null => {
    if (!state.has) throw new RangeError("no memory for a codec");
    if (codec === null) return null;
    const step = codec.step.bind(codec);
    codec.step = (...args) => {
      if (state.steps-- <= 0) throw new RangeError("no memory for a step");
      return step(...args);
    };
    return codec;
  };
  const failing: Codecs = {
    codings: codecs.codings,
    encoder: (coding, options) => spoilt(codecs.encoder(coding, options)),
    decoder: (coding) => spoilt(codecs.decoder(coding)),
  };
  Object.defineProperty(reactor, "codecs", { value: failing });
  return state;
}

/** Sends pieces for ever. */
function streams(request: HttpRequest): ResultCode {
  const hold = request.hold("the stream");
  request.onTerminated(() => hold.release());
  request.sendHead(200, TEXT);
  const more = () => {
    while (request.send(LINES, { flush: true }) === OK);
  };
  request.onWritable = more;
  more();
  return DONE;
}

const answers = (request: HttpRequest) => request.respond(200, TEXT, LINES);
const echoes = async (request: HttpRequest) =>
  request.respond(200, TEXT, await request.body.bytes());

function ask(bench: ServerBench): RawClient {
  return bench.connect().request("GET", "/", "Accept-Encoding: gzip");
}

function post(bench: ServerBench): RawClient {
  const bytes = gzipSync(LINES);
  const fields = ["Content-Encoding: gzip", `Content-Length: ${bytes.length}`];
  return bench.connect().request("POST", "/", ...fields).send(new Uint8Array(bytes));
}

/** The connection is over, and nothing of it looks like a whole answer. */
async function assertCutOff(bench: ServerBench, client: RawClient): Promise<void> {
  await bench.settle(() => client.closed !== null || client.ended, "the end");
  assertEquals(client.answers, []);
  assert(!client.received.endsWith("0\r\n\r\n"), "the answer looks whole");
}

export function checkFailingCodecs(check: ServerCheck): void {
  for (const [what, handler] of [["a whole answer", answers], ["a stream", streams]] as const) {
    for (const steps of [0, 1, 5]) {
      if (handler === answers && steps > 0) continue;
      check(`an encoder that fails in step ${steps + 1} of ${what} cuts it off`, async (bench) => {
        const state = trouble(bench);
        await bench.serve({ handlers: [handler], compression: true });
        state.steps = steps;
        await assertCutOff(bench, ask(bench));
        assertStringIncludes(bench.logs.join("\n"), "no memory for a step");
        assertEquals(bench.logs.length, 1);
        // Others are served as before.
        state.steps = Infinity;
        if (handler === answers) assertEquals((await ask(bench).waitAnswers(1))[0]?.status, 200);
      });
    }
  }

  check("an answer for which no encoder can be had is sent as it is", async (bench) => {
    const state = trouble(bench);
    await bench.serve({ handlers: [answers], compression: true });
    state.has = false;
    const [answer] = await ask(bench).waitAnswers(1);
    assertEquals([answer?.status, fieldOf(answer!, "content-encoding")], [200, null]);
    assertEquals([answer?.body, fieldOf(answer!, "vary")], [LINES, "Accept-Encoding"]);
    assertStringIncludes(bench.logs.join("\n"), "no memory for a codec");
  });

  for (const requestBody of ["stream", "buffer"] as const) {
    check(`a decoder that fails is a 500 and a line in the log (${requestBody})`, async (bench) => {
      const state = trouble(bench);
      await bench.serve({ handlers: [echoes], requestCodings: ["gzip"], requestBody });
      state.steps = 0;
      assertEquals((await post(bench).waitAnswers(1))[0]?.status, 500);
      assertStringIncludes(bench.logs.join("\n"), "no memory for a step");
      state.has = false;
      assertEquals((await post(bench).waitAnswers(1))[0]?.status, 500);
      assertStringIncludes(bench.logs.join("\n"), "no memory for a codec");
      state.has = true;
      state.steps = Infinity;
      assertEquals((await post(bench).waitAnswers(1))[0]?.body, LINES);
    });
  }
}
