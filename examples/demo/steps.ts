/**
 * Computation in steps: primes are counted slice by slice, and the loop serves everybody else
 * between the slices.
 *
 * @module
 */

import type { Hono } from "hono";
import { type FetchEnv, step } from "sluice";
import type { Entry } from "./entry.ts";
import { readWholeNumber } from "./whole_number.ts";

const UP_TO_MAX = 100_000_000;
/** How many numbers one slice looks at: some 50 µs. */
const NUMBERS_IN_A_SLICE = 64;

export const steps: Entry = {
  method: "GET",
  example: "/steps/primes?upto=2000000",
  title: "A computation in steps",
  look: "The count of primes takes a while and comes: open other pages meanwhile, they are as " +
    "quick as ever. Close this one, and the computation stops.",
  curl: "'$URL'",
  routes: addRoutes,
};

function addRoutes(app: Hono): void {
  app.get("/steps/primes", async (c) => {
    const upTo = readWholeNumber("upto", c.req.query("upto") ?? "2000000", UP_TO_MAX);
    if (typeof upTo === "string") return c.text(upTo, 400);
    const { request } = c.env as FetchEnv;
    const count = await step(countPrimes(upTo), { request, name: `primes up to ${upTo}` }).done;
    return c.text(`${count}\n`);
  });
}

/** Trial division: slow on purpose, and flat in memory. */
function* countPrimes(upTo: number): Generator<undefined, number> {
  let count = upTo >= 2 ? 1 : 0;
  let inSlice = 0;
  for (let number = 3; number <= upTo; number += 2) {
    if (isPrime(number)) count++;
    if (++inSlice < NUMBERS_IN_A_SLICE) continue;
    inSlice = 0;
    yield;
  }
  return count;
}

function isPrime(odd: number): boolean {
  for (let divisor = 3; divisor * divisor <= odd; divisor += 2) {
    if (odd % divisor === 0) return false;
  }
  return true;
}
