/**
 * What Node can wait for: everything that is a stream, open files, ports, web streams, and FIFOs
 * without a thread for each. It knows `node:fs` and `node:net`, and nothing of who waits.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { Socket } from "node:net";
import type { OpenedPipe, Pollable, Polls } from "../../core/capabilities/polls.ts";
import { assertIsPipe, openCommon, pipeErrorOf } from "../common/polls/common_polls.ts";
import { pollableOfNodeStream } from "../common/polls/node_stream.ts";

export const nodePolls: Polls = { open, openPipe };

function open(source: object): Pollable | null {
  return openCommon(source);
}

/**
 * A socket over the pipe waits in the loop's own poll, where a file's read would keep one of the
 * four threads of the pool. To open it without waiting for a writer never blocks.
 */
// deno-lint-ignore require-await -- what opening throws has to come out as a rejection
async function openPipe(path: string): Promise<OpenedPipe> {
  try {
    const pipe = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      assertIsPipe(path, fstatSync(pipe).isFIFO());
    } catch (error) {
      closeSync(pipe);
      throw error;
    }
    const socket = new Socket({ fd: pipe, readable: true, writable: false });
    return { source: socket, pollable: pollableOfNodeStream(socket) };
  } catch (error) {
    throw pipeErrorOf(path, error);
  }
}
