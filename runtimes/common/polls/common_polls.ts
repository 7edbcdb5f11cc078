/**
 * What every live runtime can wait for, since it has it from Node or from the web. It knows the
 * order in which a source is looked at, and no platform.
 *
 * @module
 */

import { AdoptError, type Pollable } from "../../../core/capabilities/polls.ts";
import { codeOfError, messageOf } from "../platform_errors.ts";
import { openFileHandle } from "./file_handle.ts";
import { openMessagePort } from "./message_port.ts";
import { openNodeStream } from "./node_stream.ts";
import { openWebStream } from "./web_stream.ts";

/** Null for a source that none of them knows. */
export function openCommon(source: object): Pollable | null {
  return openNodeStream(source) ?? openFileHandle(source) ?? openMessagePort(source) ??
    openWebStream(source);
}

/** What `openPipe` rejects with when there is nothing to open. */
export function pipeErrorOf(path: string, error: unknown): unknown {
  if (error instanceof AdoptError) return error;
  const isMissing = codeOfError(error) === "ENOENT" ||
    (error instanceof Error && error.name === "NotFound");
  const why = isMissing ? "there is nothing" : messageOf(error);
  return new AdoptError("missing", `no FIFO can be opened at ${path}: ${why}`);
}

/** Throws for what is no FIFO. */
export function assertIsPipe(path: string, isPipe: boolean): void {
  if (!isPipe) throw new AdoptError("missing", `${path} is no FIFO`);
}
