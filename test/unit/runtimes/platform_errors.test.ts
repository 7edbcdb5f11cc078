/**
 * Units of runtimes/common/platform_errors.ts and addresses.ts.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { type Address, ListenError } from "../../../core/reactor.ts";
import { tcpAddress } from "../../../runtimes/common/addresses.ts";
import {
  closeReasonOf,
  codeOfError,
  describeAddress,
  listenErrorOf,
} from "../../../runtimes/common/platform_errors.ts";

const PORT: Address = { transport: "tcp", host: "127.0.0.1", port: 8080 };
const PATH: Address = { transport: "unix", path: "/run/app.sock" };

function systemError(code: string): Error {
  return Object.assign(new Error(`it failed: ${code}`), { code });
}

describe("platform errors", () => {
  test("closeReasonOf() tells resets, time-outs and the rest apart", () => {
    for (const code of ["ECONNRESET", "ECONNABORTED", "EPIPE", "ENOTCONN"]) {
      assertEquals(closeReasonOf(systemError(code)), "reset", code);
    }
    assertEquals(closeReasonOf(systemError("ETIMEDOUT")), "timeout");
    assertEquals(closeReasonOf(systemError("ECONNREFUSED")), "error");
    assertEquals(closeReasonOf(new Error("no code")), "error");
    assertEquals(closeReasonOf("no error at all"), "error");
    assertEquals(closeReasonOf(undefined), "error");
  });

  test("codeOfError() is empty for what has no code in text", () => {
    assertEquals(codeOfError(Object.assign(new Error(), { code: 98 })), "");
    assertEquals(codeOfError(null), "");
    assertEquals(codeOfError(systemError("EPIPE")), "EPIPE");
  });

  test("listenErrorOf() says in plain words what is the matter", () => {
    const told = (code: string, address: Address = PORT) => {
      const error = listenErrorOf(systemError(code), address);
      assertInstanceOf(error, ListenError);
      return [error.code, error.message];
    };
    assertEquals(told("EADDRINUSE"), ["in-use", "port 8080 on 127.0.0.1 is already in use"]);
    assertEquals(told("EADDRINUSE", PATH), [
      "in-use",
      "the path /run/app.sock is already in use",
    ]);
    assertEquals(told("EACCES"), [
      "denied",
      "port 8080 on 127.0.0.1 may not be listened on: permission denied",
    ]);
    assertEquals(told("EADDRNOTAVAIL"), [
      "unavailable",
      "port 8080 on 127.0.0.1 cannot be listened on: no such address on this machine",
    ]);
    assertEquals(told("EMFILE"), [
      "other",
      "port 8080 on 127.0.0.1 cannot be listened on: it failed: EMFILE",
    ]);
  });

  test("listenErrorOf() knows Deno's own permissions by name", () => {
    const error = Object.assign(new Error("Requires net access"), { name: "NotCapable" });
    assertEquals(listenErrorOf(error, PORT).code, "denied");
  });

  test("describeAddress() names ports and paths", () => {
    assertEquals(describeAddress(PORT), "port 8080 on 127.0.0.1");
    assertEquals(describeAddress(PATH), "the path /run/app.sock");
  });

  test("tcpAddress() shows a mapped IPv4 address as IPv4, and nothing else", () => {
    assertEquals(tcpAddress("::ffff:10.0.0.1", 1), { transport: "tcp", host: "10.0.0.1", port: 1 });
    assertEquals(tcpAddress("::ffff:a00:1", 1), {
      transport: "tcp",
      host: "::ffff:a00:1",
      port: 1,
    });
    assertEquals(tcpAddress("::1", 1), { transport: "tcp", host: "::1", port: 1 });
    assertEquals(tcpAddress(undefined, 1), { transport: "tcp", host: "", port: 0 });
  });
});
