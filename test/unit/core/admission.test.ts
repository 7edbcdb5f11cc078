/**
 * By what the connections of one client are counted.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { keyOfAddress } from "../../../core/admission.ts";

describe("keyOfAddress()", () => {
  const keys: ReadonlyArray<readonly [host: string, key: string]> = [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::FFFF:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:DB8:1:2::6", "2001:db8:1:2"],
    ["2001:0db8:0001:0002::", "2001:db8:1:2"],
    ["2001:db8::1", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0"],
    ["", ""],
  ];
  for (const [host, key] of keys) {
    test(`of "${host}" is "${key}"`, () => {
      assertEquals(keyOfAddress({ transport: "tcp", host, port: 1 }), key);
    });
  }

  test("of a Unix path is null: it is not counted", () => {
    assertEquals(keyOfAddress({ transport: "unix", path: "" }), null);
  });
});
