/**
 * Code that blocks, in a thread of its own: a report that is streamed as the client reads, and a
 * query whose result is sent when it is whole. `thread_jobs.ts` is what runs in the thread.
 *
 * @module
 */

import { DECLINED, type Handler, inThread } from "sluice";
import type { Entry } from "./entry.ts";

const JOBS = new URL("./thread_jobs.ts", import.meta.url);

export const threadReport: Entry = {
  method: "GET",
  example: "/thread/report?rows=100000",
  title: "Blocking code, streamed",
  look:
    "Rows made by a loop that never awaits: ask for a billion, slowly. Its thread waits for you, " +
    "memory stays flat, and every other page stays quick.",
  curl: "--limit-rate 100k '$URL'",
  handler: at("report", inThread(JOBS, "report")),
};

export const threadSql: Entry = {
  method: "GET",
  example: "/thread/sql?n=1000000",
  title: "A query that blocks",
  look: "SQLite counts to n in one call, in a thread: with n=50000000 it takes seconds, and all " +
    "other pages answer meanwhile.",
  curl: "-i '$URL'",
  handler: at("sql", inThread(JOBS, "sql", { buffered: true })),
};

/** Most requests are for others. */
function at(name: string, handler: Handler): Handler {
  const path = new RegExp(`^(?:https?://[^/]+)?/thread/${name}(?:\\?|$)`);
  return (request) => path.test(request.target) ? handler(request) : DECLINED;
}
