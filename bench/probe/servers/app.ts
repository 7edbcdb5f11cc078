/**
 * The application that every server with `fetch` is probed with, and what a server tells the probe
 * while it works. It knows no server.
 *
 * - `/late?ms=N&id=X` answers `answer X` after N milliseconds, and reports X's `begin`, its `abort`
 *   if the signal aborts, and its `answer` just before.
 * - `/body?id=X` reads the whole body, and then is as `/late`.
 * - `/stream?id=X` answers with more bytes than all buffers on the way hold, and reports X's
 *   `cancel` when nobody wants the rest.
 * - Anything else is answered at once; a body is not read.
 *
 * @module
 */

/** What happened to the request that the probe called `id`. */
export interface Report {
  readonly event: "begin" | "abort" | "answer" | "cancel";
  readonly id: string;
}

/** One line on standard output, which the probe reads in order. */
export function report(event: Report["event"], id: string): void {
  const line: Report = { event, id };
  console.log(JSON.stringify(line));
}

/** The kernel of Linux keeps up to 4 MiB for a sender and 6 MiB for a receiver by default. */
export const STREAM_BYTES = 64 << 20;
export const PIECE_BYTES = 64 << 10;

export function answerOf(id: string): string {
  return `answer ${id}\n`;
}

/** Resolves after the time that the target asks for. */
export function waitAsked(url: URL): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get("ms"))));
}

export async function fetch(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const id = url.searchParams.get("id") ?? "";
  if (url.pathname === "/stream") return new Response(streamFor(id));
  if (url.pathname !== "/late" && url.pathname !== "/body") return new Response(answerOf(id));
  report("begin", id);
  request.signal.addEventListener("abort", () => report("abort", id));
  if (url.pathname === "/body") await request.text();
  await waitAsked(url);
  report("answer", id);
  return new Response(answerOf(id));
}

function streamFor(id: string): ReadableStream<Uint8Array> {
  let left = STREAM_BYTES;
  return new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(PIECE_BYTES).fill(0x78));
      left -= PIECE_BYTES;
      if (left === 0) controller.close();
    },
    cancel() {
      report("cancel", id);
    },
  });
}
