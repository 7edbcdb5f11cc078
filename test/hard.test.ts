/**
 * Handles are opaque in every signature: nothing that a runtime waits on is a number or a text, and
 * no name promises one. Reads the sources of the core and of the runtimes, and knows the few
 * numbers of the reactor contract by name.
 *
 * @module
 */

import { describe, test } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import { type Place, primitivePlaces } from "./hard/signatures.ts";
import { readTree } from "./tidy/tree.ts";

/** Names of things that a runtime waits on. */
const WAITED_ON = /(^|\.)(fd|\w*Fd|\w*[dD]escriptor|\w*[hH]andle|\w*[sS]ocket)s?(Id|Number)?$/;

/** Times and ports: all the numbers of the contract. */
const NUMBERS = [
  "Address.port",
  "Clock.now",
  "Clock.stopwatchMs",
  "Clock.wallTime",
  "Clock.wakeAt.deadlineMs",
  "ListenOptions.backlog",
];

/** How many there are. */
const COUNTS = ["WaitCounts.handles"];

/** Where the name of a place is that of a handle, and its type is not. */
function taken(text: string): string[] {
  return primitivePlaces(text)
    .filter((place) => WAITED_ON.test(place.name) && !COUNTS.includes(place.name)).map(show);
}

function show(place: Place): string {
  return `${place.name}: ${place.type}`;
}

describe("opaque handles", () => {
  test("primitivePlaces() names what is exported, and nothing behind it", () => {
    const places = (text: string) => primitivePlaces(text).map(show);
    assertEquals(places("export interface A { b(c: number): string; readonly d?: bigint }"), [
      "A.b.c: number",
      "A.b: string",
      "A.d: bigint",
    ]);
    assertEquals(places("export function f(a: number[], { b }: { b: any }) { let c: string; }"), [
      "f.a: number",
      "f.b: any",
    ]);
    assertEquals(places("export class A { #b: number; c: unknown; d(e: string) {} }"), [
      "A.c: unknown",
      "A.d.e: string",
    ]);
    assertEquals(places("export type T = { a: number } | string;"), ["T.a: number", "T: string"]);
    assertEquals(places("export const f = (a: number) => 1, b: string = '';"), [
      "f.a: number",
      "b: string",
    ]);
    assertEquals(places("interface A { b: number } function f(a: string) {}"), []);
  });

  test("a contract with a number for a handle is found out", () => {
    assertEquals(taken("export interface Streams { send(fd: number, chain: Chain): void }"), [
      "Streams.send.fd: number",
    ]);
    assertEquals(taken("export function close(handle: any): void {}"), ["close.handle: any"]);
    assertEquals(taken("export type Handle = number;"), ["Handle: number"]);
    assertEquals(taken("export class A { readonly socketId: string = ''; }"), [
      "A.socketId: string",
    ]);
    assertEquals(taken("export interface Poll { poll(handles: (number | Handle)[]): void }"), [
      "Poll.poll.handles: number",
    ]);
    assertEquals(taken("export interface Poll { poll(handle: Handle, ms: number): void }"), []);
  });

  test("the numbers of the reactor contract are times and ports, and Handle is opaque", () => {
    const contract = readTree().find((source) => source.path === "core/reactor.ts")!;
    const places = primitivePlaces(contract.text);
    const of = (type: Place["type"]) =>
      places.filter((place) => place.type === type).map((place) => place.name);
    assertEquals(of("number"), NUMBERS);
    assertEquals(of("unknown"), ["Handle.owner"]);
    assertEquals([...of("any"), ...of("bigint"), ...of("symbol")], []);
    assertEquals(places.filter((place) => place.name.startsWith("Handle")).map(show), [
      "Handle.owner: unknown",
    ]);
  });

  test("the numbers of waiting for handles are counts of bytes", () => {
    const contract = readTree().find(({ path }) => path === "core/capabilities/polls.ts")!;
    const places = primitivePlaces(contract.text).filter(({ type }) => type === "number");
    assertEquals(places.map(({ name }) => name), [
      "Pollable.tryRead.bytesMax",
      "Pollable.tryWrite",
    ]);
  });

  test("no exported signature of the core or of a runtime takes a handle for a number", () => {
    const sources = readTree().filter(({ path }) => /^(core|runtimes)\/.*\.ts$/.test(path));
    assertGreater(sources.length, 40);
    const found = sources.flatMap(({ path, text }) => taken(text).map((one) => `${path} ${one}`));
    assertEquals(found, []);
  });
});
