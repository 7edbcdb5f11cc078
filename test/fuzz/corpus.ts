/**
 * The corpus that mutation starts from: files of their own in `corpus/`, in the format of the wire
 * cases, and the wire cases themselves. It knows how they are kept; it knows nothing of HTTP.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";
import { bytesOf, loadWireCases, readBlocks, unescape } from "../wire/load.ts";

export interface CorpusEntry {
  readonly title: string;
  readonly input: Uint8Array;
}

/** Longer wire cases are about limits, and are mostly padding. */
const WIRE_BYTES_MAX = 2000;

/** How often own files stand in it for each time that wire cases do, of which there are many. */
const OWN_WEIGHT = 6;

/** All of it, in order; what is there several times is meant to be picked more often. */
export function loadCorpus(): CorpusEntry[] {
  const folder = new URL("./corpus/", import.meta.url);
  const own = readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .sort()
    .flatMap((name) => parseCorpus(readFileSync(new URL(name, folder), "utf8")));
  const wire = loadWireCases()
    .filter(({ input }) => input.length > 0 && input.length <= WIRE_BYTES_MAX)
    .map(({ group, title, input }) => ({ title: `${group}: ${title}`, input }));
  return [...Array.from({ length: OWN_WEIGHT }, () => own).flat(), ...wire];
}

/** The entries of one file. */
export function parseCorpus(text: string): CorpusEntry[] {
  const entries: CorpusEntry[] = [];
  let group = "";
  let title = "";
  for (const { kind, lines } of readBlocks(text)) {
    if (kind === "#") group = lines[0]!;
    else if (kind === "##") title = lines[0]!;
    else if (kind === "input") {
      entries.push({ title: `${group}: ${title}`, input: bytesOf(unescape(lines.join(""))) });
    } else throw new Error(`${group}: ${title}: a block "${kind}" means nothing here`);
  }
  return entries;
}

/** An input in the format of the corpus. */
export function formatInput(input: Uint8Array): string {
  let text = "";
  for (const byte of input) {
    if (byte === 0x0d) text += "\\r";
    else if (byte === 0x0a) text += "\\n\n";
    else if (byte === 0x5c) text += "\\\\";
    else if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
    else text += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text.replace(/\n$/, "");
}
