/**
 * The words of a shutdown's report.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import type { RequestReport } from "../../../core/inspect.ts";
import { describeLeft } from "../../../runtimes/cli/describe_left.ts";

function report(
  requests: readonly RequestReport[],
  promises = 0,
  threads = 0,
  connections = requests.length,
): string {
  const left = { connections, requests, buffersOut: 0 };
  return describeLeft({ clean: false, left: left as never, promises, threads });
}

function request(target: string, ageMs: number, ...reasons: string[]): RequestReport {
  const holds = reasons.map((reason) => ({ reason, ageMs: ageMs - 100 }));
  return { method: "GET", target, ageMs, state: "answering", holds } as RequestReport;
}

describe("describeLeft()", () => {
  test("names each route with its holds and ages, the oldest first", () => {
    assertEquals(
      report([request("/b", 1000), request("/a", 2500, "a query", "a lock")]),
      "sluice: cut off at the deadline: 2 requests on 2 connections\n" +
        "  GET /a, 2.5 s, held by a query (2.4 s), a lock (2.4 s)\n" +
        "  GET /b, 1.0 s\n",
    );
  });

  test("says nothing of connections where nobody counts them", () => {
    assertEquals(
      report([request("/a", 1000)], 0, 0, 0),
      "sluice: cut off at the deadline: 1 request\n  GET /a, 1.0 s\n",
    );
  });

  test("counts requests of one route with the same holds, by the oldest", () => {
    assertEquals(
      report([request("/a", 1000, "x"), request("/a", 3000, "x"), request("/a", 2000, "y")], 1),
      "sluice: cut off at the deadline: 3 requests on 3 connections\n" +
        "  GET /a, 2 of them, the oldest 3.0 s, held by x (2.9 s)\n" +
        "  GET /a, 2.0 s, held by y (1.9 s)\n" +
        "  1 promise given to waitUntil\n",
    );
  });

  test("tells of threads that did not end, beside what was cut off and alone", () => {
    const stuck = "a native call blocks, and the process ends without its result\n";
    assertEquals(report([], 0, 2), `sluice: 2 threads did not end: ${stuck}`);
    assertEquals(
      report([request("/a", 1000)], 0, 1),
      "sluice: cut off at the deadline: 1 request on 1 connection\n" +
        `  GET /a, 1.0 s\nsluice: 1 thread did not end: ${stuck}`,
    );
  });

  test("lists fifty routes, and counts the rest", () => {
    const lines = report(Array.from({ length: 60 }, (_, i) => request(`/${i}`, i))).split("\n");
    assertEquals(lines.at(1), "  GET /59, 0.1 s");
    assertEquals(lines.at(-2), "  and 10 routes more");
    assertEquals(lines.length, 1 + 50 + 1 + 1);
  });
});
