/**
 * Checks of compression: what goes in comes out, at every cut and in every amount of room; a flush
 * gives all so far; what is broken is told apart. The judge of what an encoder put out is
 * `node:zlib`'s public face.
 *
 * @module
 */

import { brotliCompressSync, constants } from "node:zlib";
import * as zlib from "node:zlib";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Codec, CodecMode, CodecStep, Coding } from "../../../core/capabilities/codecs.ts";
import { joined } from "../../../core/work/pieces.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";

const NOTHING = new Uint8Array(0);
/** Text of a kind, with enough in it for more than one block. */
const SAMPLE = Uint8Array.from({ length: 70_001 }, (_, i) => (i * i >> 3) % 97 + i % 7);
const ROOM_BYTES = 1000;
/** Three bytes that a decoder passes over (RFC 8878 §3.1.2). */
const SKIPPABLE_FRAME = Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3);

const UNPACKERS: Readonly<Record<Coding, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: zlib.gunzipSync,
  deflate: zlib.inflateSync,
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
};

export function checkCodecs(check: Check<Bench>): void {
  check("codecs: every runtime has gzip, deflate and br", ({ reactor }) => {
    const { codings } = reactor.codecs;
    for (const coding of ["gzip", "deflate", "br"] as const) assert(codings.includes(coding));
    return Promise.resolve();
  });

  each(check, "an encoder's stream is of its coding, whatever the room", ({ reactor }, coding) => {
    for (const room of [64, 100, ROOM_BYTES, 100_000]) {
      const encoder = reactor.codecs.encoder(coding)!;
      const { step, bytes } = runAll(encoder, SAMPLE, "end", room);
      assertEquals(step, "done");
      encoder.close();
      assertEquals(UNPACKERS[coding](bytes).length, SAMPLE.length);
      assertEquals(decoded(reactor.codecs.decoder(coding)!, bytes, room), SAMPLE);
    }
  });

  each(check, "flush gives all that was written so far", ({ reactor }, coding) => {
    const encoder = reactor.codecs.encoder(coding)!;
    const decoder = reactor.codecs.decoder(coding)!;
    for (let pos = 0; pos < SAMPLE.length; pos += 7001) {
      const piece = SAMPLE.subarray(pos, pos + 7001);
      const out = runAll(encoder, piece, "flush", ROOM_BYTES);
      assertEquals(out.step, "more");
      assertEquals(runAll(decoder, out.bytes, "write", ROOM_BYTES).bytes, piece);
    }
    const rest = runAll(encoder, NOTHING, "end", ROOM_BYTES);
    assertEquals(runAll(decoder, rest.bytes, "end", ROOM_BYTES).step, "done");
    encoder.close();
    decoder.close();
  });

  each(check, "a decoder takes byte by byte", ({ reactor }, coding) => {
    const bytes = encoded(reactor.codecs.encoder(coding)!, SAMPLE.subarray(0, 3000));
    const decoder = reactor.codecs.decoder(coding)!;
    const parts: Uint8Array[] = [];
    for (let pos = 0; pos < bytes.length; pos++) {
      const { step, bytes: part } = runAll(decoder, bytes.subarray(pos, pos + 1), "write", 64);
      assertEquals(step, "more");
      parts.push(part);
    }
    assertEquals(runAll(decoder, NOTHING, "end", 64).step, "done");
    assertEquals(joined(parts), SAMPLE.subarray(0, 3000));
    decoder.close();
  });

  each(check, "a decoder finds every early end", ({ reactor }, coding) => {
    const bytes = encoded(reactor.codecs.encoder(coding)!, SAMPLE.subarray(0, 999));
    for (let end = 0; end < bytes.length; end++) {
      const decoder = reactor.codecs.decoder(coding)!;
      const { step } = runAll(decoder, bytes.subarray(0, end), "end", ROOM_BYTES);
      assertEquals([end, step, decoder.fault], [end, "bad", "truncated"]);
      decoder.close();
    }
  });

  check(
    "a decoder of br finds an early end that no further byte could mend",
    ({ reactor }) => {
      // Of these bytes a decoder that lacks the last one finds any other wrong.
      const plain = Uint8Array.from({ length: 288 }, (_, i) => (136 + i * 7) % 251);
      const params = { [constants.BROTLI_PARAM_QUALITY]: 1 };
      const bytes = new Uint8Array(brotliCompressSync(plain, { params }));
      const decoder = reactor.codecs.decoder("br")!;
      const { step } = runAll(decoder, bytes.subarray(0, -1), "end", ROOM_BYTES);
      assertEquals([step, decoder.fault], ["bad", "truncated"]);
      decoder.close();
      return Promise.resolve();
    },
  );

  each(check, "a decoder refuses what is not of its coding, and what follows", (bench, coding) => {
    const { codecs } = bench.reactor;
    const bytes = encoded(codecs.encoder(coding)!, SAMPLE);
    const followed = joined([bytes, new TextEncoder().encode("and more bytes")]);
    for (const bad of [followed, new TextEncoder().encode("no coding at all, but text")]) {
      const decoder = codecs.decoder(coding)!;
      const { step } = runAll(decoder, bad, "end", ROOM_BYTES);
      assertEquals([step, decoder.fault], ["bad", "corrupt"]);
      // It stays so.
      assertEquals(decoder.step(NOTHING, 0, 0, new Uint8Array(64), "write"), "bad");
      decoder.close();
    }
  });

  each(
    check,
    "a step writes no more than its output, and nothing behind close",
    (bench, coding) => {
      const { codecs } = bench.reactor;
      const zeros = new Uint8Array(4 << 20);
      const bomb = encoded(codecs.encoder(coding)!, zeros);
      assert(bomb.length < zeros.length / 500, `${bomb.length} bytes are no bomb`);
      const decoder = codecs.decoder(coding)!;
      const memory = new Uint8Array(200).fill(7);
      assertEquals(decoder.step(bomb, 0, bomb.length, memory.subarray(50, 150), "end"), "full");
      assertEquals(decoder.made, 100);
      assertEquals([memory[49], memory[50], memory[149], memory[150]], [7, 0, 0, 7]);
      decoder.close();
      decoder.close();
      assertThrows(() => decoder.step(NOTHING, 0, 0, memory, "write"), TypeError, "closed");
    },
  );

  each(check, "several streams in a row are one, of gzip and zstd", ({ reactor }, coding) => {
    if (coding !== "gzip" && coding !== "zstd") return;
    const one = encoded(reactor.codecs.encoder(coding)!, SAMPLE);
    const none = encoded(reactor.codecs.encoder(coding)!, NOTHING);
    const parts = [one, none, one, none];
    if (coding === "zstd") parts.unshift(SKIPPABLE_FRAME, SKIPPABLE_FRAME);
    const bytes = joined(parts);
    const twice = joined([SAMPLE, SAMPLE]);
    for (const room of [64, ROOM_BYTES, SAMPLE.length, 200_000]) {
      assertEquals(decoded(reactor.codecs.decoder(coding)!, bytes, room), twice);
    }
    const followed = reactor.codecs.decoder(coding)!;
    const { step } = runAll(followed, joined([bytes, Uint8Array.of(1, 2, 3, 4, 5)]), "end", 1000);
    assertEquals([step, followed.fault], ["bad", "corrupt"]);
    followed.close();
  });

  check("codecs: a level must be one of the coding's", ({ reactor }) => {
    for (const coding of reactor.codecs.codings) {
      assertThrows(() => reactor.codecs.encoder(coding, { level: 99 }), RangeError, coding);
      reactor.codecs.encoder(coding, { level: 1 })!.close();
    }
    return Promise.resolve();
  });

  check("codecs: a window of 128 MiB is refused", ({ reactor }) => {
    const decoder = reactor.codecs.decoder("zstd");
    if (decoder === null) {
      assert(!reactor.codecs.codings.includes("zstd"));
      return Promise.resolve();
    }
    const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x01, 0x00, 0x00];
    const step = decoder.step(Uint8Array.from(frame), 0, frame.length, new Uint8Array(64), "end");
    assertEquals([step, decoder.fault], ["bad", "window"]);
    decoder.close();
    return Promise.resolve();
  });
}

function each(
  check: Check<Bench>,
  name: string,
  body: (bench: Bench, coding: Coding) => void,
): void {
  check(`codecs: ${name}`, (bench) => {
    for (const coding of bench.reactor.codecs.codings) body(bench, coding);
    return Promise.resolve();
  });
}

/** Steps until the codec asks for nothing more, with `room` bytes at a time. */
function runAll(
  codec: Codec,
  input: Uint8Array,
  mode: CodecMode,
  room: number,
): { step: CodecStep; bytes: Uint8Array } {
  const parts: Uint8Array[] = [];
  let step: CodecStep = "full";
  for (let pos = 0; step === "full"; pos += codec.taken) {
    const output = new Uint8Array(room);
    step = codec.step(input, pos, input.length, output, mode);
    parts.push(output.subarray(0, codec.made));
  }
  return { step, bytes: joined(parts) };
}

function encoded(encoder: Codec, bytes: Uint8Array): Uint8Array {
  const whole = runAll(encoder, bytes, "end", 65_536).bytes;
  encoder.close();
  return whole;
}

function decoded(decoder: Codec, bytes: Uint8Array, room: number): Uint8Array {
  const whole = runAll(decoder, bytes, "end", room).bytes;
  decoder.close();
  return whole;
}
