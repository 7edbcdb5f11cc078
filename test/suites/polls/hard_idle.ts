/**
 * Idle pipes beside a busy disk: as many FIFOs as the column can wait for, and `stat` and a
 * thousand reads of a file go on. The control waits for FIFOs as for files, and `stat` waits with
 * it.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  openSync,
  read as readDescriptor,
  writeFileSync,
  writeSync,
} from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { assert, assertEquals } from "@std/assert";
import { AdoptError } from "../../../core/capabilities/polls.ts";
import { adopt, closeHandle, openPipe } from "../../../core/work/adopt.ts";
import { readable, tryRead } from "../../../core/work/waits.ts";
import type { HardPollsCheck } from "../check_hard_polls.ts";
import { scratch } from "./ends.ts";

const FIFOS = 64;
const READS = 1000;
/** More than any of the platforms has threads for files. */
const NAIVE_READS = 40;
const NAIVE_MS = 100;

export function checkIdlePipes(check: HardPollsCheck): void {
  check(`${FIFOS} idle FIFOs keep no file waiting`, async ({ home, rig }) => {
    const place = scratch();
    const count = Math.min(FIFOS, rig.pipesMax);
    const paths = fifos(place.path, count + 1);
    const handles = [];
    for (const path of paths.slice(0, count)) handles.push(await openPipe(path, home));
    if (rig.pipesMax < FIFOS) {
      const error = await openPipe(paths[count]!, home).catch((error) => error);
      assert(error instanceof AdoptError && error.code === "too-many", `${error}`);
    }
    const waits = handles.map((handle) => readable(handle));
    writeFileSync(place.path, "a file");
    const reads = Array.from({ length: READS }, () => readFile(place.path, "utf8"));
    const files = Promise.all([stat(place.path), ...reads]).then(([{ size }]) => size);
    let size = 0;
    files.then((came) => {
      size = came;
    });
    await rig.settle(() => size > 0, "stat and all the reads");
    assertEquals(size, 6);
    paths.slice(0, count).forEach((path, i) => writeOnce(path, `news ${i}`));
    let outcomes: string[] = [];
    Promise.all(waits).then((all) => {
      outcomes = all;
    });
    await rig.settle(() => outcomes.length === count, "a byte on every FIFO");
    handles.forEach((handle, i) => {
      const bytes = tryRead(handle, 100);
      assert(bytes instanceof Uint8Array, "it was ready");
      assertEquals(new TextDecoder().decode(bytes), `news ${i}`);
      closeHandle(handle);
    });
    place.dispose();
  });

  check("idle FIFOs, control: read as files, they keep stat waiting", async ({ home, rig }) => {
    const place = scratch();
    const paths = fifos(place.path, NAIVE_READS);
    const open = paths.map((path) => openSync(path, constants.O_RDWR));
    let over = 0;
    for (const one of open) {
      readDescriptor(one, new Uint8Array(1), 0, 1, null, () => {
        over++;
      });
    }
    const idle = adopt(new TransformStream().readable, home);
    let passed = 0;
    const pass = async () => {
      const wanted = passed + 1;
      readable(idle, { timeoutMs: NAIVE_MS }).then(() => {
        passed++;
      });
      await rig.settle(() => passed === wanted, "the time-out");
    };
    // A pool may take what came last first: by now all of its threads are taken.
    await pass();
    let isTold = false;
    const told = stat("/").then(() => {
      isTold = true;
    });
    await pass();
    const wasTold = isTold;
    for (const one of open) writeSync(one, "x");
    await rig.settle(() => over === NAIVE_READS && isTold, "everything, once the pipes have bytes");
    await told;
    open.forEach(closeSync);
    closeHandle(idle);
    place.dispose();
    assertEquals(wasTold, false);
  });
}

function fifos(path: string, count: number): string[] {
  const paths = Array.from({ length: count }, (_, i) => `${path}-${i}`);
  execFileSync("mkfifo", paths);
  return paths;
}

function writeOnce(path: string, text: string): void {
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  writeSync(writer, text);
  closeSync(writer);
}
