/**
 * Checks of files: bytes at offsets, in order, whole; temporary ones that leave nothing behind;
 * errors by their codes.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { FileError, type FileErrorCode } from "../../../core/capabilities/files.ts";
import type { Check } from "../rig.ts";
import type { Bench } from "./bench.ts";

const SOME_BYTES = Uint8Array.from({ length: 100_000 }, (_, i) => i * 7 % 251);

export function checkFiles(check: Check<Bench>): void {
  check("files: what is written at an offset is read there, fewer at the end", async (bench) => {
    const file = await inEvents(bench, bench.reactor.files.openTemporary(null));
    await inEvents(bench, file.write(0, SOME_BYTES));
    await inEvents(bench, file.write(50_000, SOME_BYTES.subarray(0, 10)));
    assertEquals(await inEvents(bench, file.size()), SOME_BYTES.length);
    const wanted = SOME_BYTES.slice();
    wanted.set(SOME_BYTES.subarray(0, 10), 50_000);
    const got = new Uint8Array(SOME_BYTES.length + 10);
    assertEquals(await inEvents(bench, file.read(0, got)), SOME_BYTES.length);
    assertEquals(got.subarray(0, SOME_BYTES.length), wanted);
    const some = new Uint8Array(20);
    assertEquals(await inEvents(bench, file.read(49_995, some)), 20);
    assertEquals(some, wanted.subarray(49_995, 50_015));
    assertEquals(await inEvents(bench, file.read(SOME_BYTES.length, some)), 0);
    await inEvents(bench, file.close());
  });

  check("files: calls that overlap are carried out in order", async (bench) => {
    const file = await inEvents(bench, bench.reactor.files.openTemporary(null));
    const reads: Uint8Array[] = [];
    const all: Promise<unknown>[] = [];
    for (let i = 0; i < 20; i++) {
      all.push(file.write(i % 3 * 10, Uint8Array.of(i, i, i)));
      const into = new Uint8Array(3);
      reads.push(into);
      all.push(file.read(i % 3 * 10, into));
    }
    all.push(file.close());
    await inEvents(bench, Promise.all(all));
    assertEquals(reads, reads.map((_, i) => Uint8Array.of(i, i, i)));
  });

  check("files: close() is the last call, and the same at each", async (bench) => {
    const file = await inEvents(bench, bench.reactor.files.openTemporary(null));
    const closed = file.close();
    assertEquals(file.close() === closed, true);
    await inEvents(bench, assertRejects(() => file.read(0, new Uint8Array(1)), TypeError));
    await inEvents(bench, assertRejects(() => file.write(0, new Uint8Array(1)), TypeError));
    await inEvents(bench, closed);
  });

  check("files: what does not exist is missing, and named", async (bench) => {
    const { files } = bench.reactor;
    await assertFileError(bench, files.open("/no/such/file"), "missing", "/no/such/file");
    const temporary = files.openTemporary("/no/such/directory");
    await assertFileError(bench, temporary, "missing", "/no/such/directory");
  });
}

/** Waits for a promise that needs the runtime's events. */
async function inEvents<T>(bench: Bench, promise: Promise<T>): Promise<T> {
  let isSettled = false;
  const settled = () => void (isSettled = true);
  promise.then(settled, settled);
  await bench.settle(() => isSettled, "a call on a file");
  return await promise;
}

async function assertFileError(
  bench: Bench,
  promise: Promise<unknown>,
  code: FileErrorCode,
  named: string,
): Promise<void> {
  const error = await inEvents(bench, promise.then(() => null, (error) => error));
  assertInstanceOf(error, FileError);
  assertEquals(error.code, code);
  assertStringIncludes(error.message, named);
}
