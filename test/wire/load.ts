/**
 * The reader of the wire cases. It knows the format that `README.md` beside it describes, and
 * nothing of what becomes of a case.
 *
 * @module
 */

import { readdirSync, readFileSync } from "node:fs";

/** The limits under which the cases of one file hold. */
export interface WireLimits {
  headBytesMax: number;
  headerCountMax: number;
  targetBytesMax: number;
  chunkFramingBytesMax: number;
  clientBodyMaxBytes: number;
}

/** One request as understood. Strings have one character for each byte. */
export interface WireRequest {
  method: string;
  target: string;
  version: string;
  authority: string;
  /** Flat; null when the case does not list them. */
  fields: string[] | null;
  /** `none`, `chunked`, or a length. */
  framing: string;
  expectContinue: boolean;
  upgrade: boolean;
  hostNeedsCheck: boolean;
  close: boolean;
  body: string;
  trailers: string[];
}

export interface WireOutcome {
  requests: WireRequest[];
  /** `400 bad-host`; null when nothing was refused. */
  refused: string | null;
  /** Where the input ends: between requests, inside a head or body, or nobody reads on. */
  end: "idle" | "head" | "body" | "closed";
}

export interface WireCase {
  group: string;
  title: string;
  input: Uint8Array;
  limits: WireLimits;
  outcome: WireOutcome;
  /** The statuses that a server answers; `100?` for one that may be left out. */
  answers: string[];
  /** True exactly when the server closes behind them. */
  closes: boolean;
}

/** All cases of all files, in order. */
export function loadWireCases(): WireCase[] {
  const folder = new URL("./", import.meta.url);
  const defaults = parseLimits(readBlocks(read(folder, "README.md")).at(-1)!.lines, NO_LIMITS);
  return readdirSync(folder)
    .filter((name) => name.endsWith(".md") && name !== "README.md")
    .sort()
    .flatMap((name) => parseWireFile(read(folder, name), defaults));
}

const NO_LIMITS: WireLimits = {
  headBytesMax: 0,
  headerCountMax: 0,
  targetBytesMax: 0,
  chunkFramingBytesMax: 0,
  clientBodyMaxBytes: 0,
};

/** A heading (`#`, `##`) or a fenced block by the word behind its fence. */
export interface Block {
  kind: string;
  lines: string[];
}

function read(folder: URL, name: string): string {
  return readFileSync(new URL(name, folder), "utf8");
}

/** The headings and fenced blocks of a text, in order. */
export function readBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | null = null;
  for (const line of text.split("\n")) {
    const fence = /^```(\w*)$/.exec(line);
    const heading = /^(#+) (.+)$/.exec(line);
    if (fence !== null && open !== null) open = null;
    else if (fence !== null) blocks.push(open = { kind: fence[1], lines: [] });
    else if (open !== null) open.lines.push(line);
    else if (heading !== null) blocks.push({ kind: heading[1], lines: [heading[2]] });
  }
  return blocks;
}

/** The cases of one file. */
export function parseWireFile(text: string, defaults: WireLimits): WireCase[] {
  const cases: WireCase[] = [];
  let group = "";
  let title = "";
  let limits = defaults;
  let input: Uint8Array | null = null;
  for (const { kind, lines } of readBlocks(text)) {
    if (kind === "#") group = lines[0];
    else if (kind === "##") title = lines[0];
    else if (kind === "limits") limits = parseLimits(lines, defaults);
    else if (kind === "input") input = bytesOf(unescape(lines.join("")));
    else if (kind === "outcome" && input !== null) {
      cases.push({ group, title, input, limits, ...parseOutcome(lines) });
      input = null;
    } else throw new Error(`${group}: ${title}: a block "${kind}" stands in the wrong place`);
  }
  return cases;
}

function parseLimits(lines: readonly string[], defaults: WireLimits): WireLimits {
  const limits = { ...defaults };
  for (const line of lines) {
    const [name, value] = line.split(" ");
    if (!(name in limits)) throw new Error(`there is no limit "${name}"`);
    limits[name as keyof WireLimits] = Number(value);
  }
  return limits;
}

function parseOutcome(lines: readonly string[]): Pick<WireCase, "outcome" | "answers" | "closes"> {
  const outcome: WireOutcome = { requests: [], refused: null, end: "idle" };
  let answers: string[] | null = null;
  for (const line of lines) {
    const space = line.indexOf(" ");
    const word = space < 0 ? line : line.slice(0, space);
    const rest = space < 0 ? "" : line.slice(space + 1);
    if (word === "request") outcome.requests.push(newRequest(rest));
    else if (word === "refused") outcome.refused = rest;
    else if (word === "open") outcome.end = rest as "head" | "body";
    else if (word === "answers") answers = rest.split(" ").filter((one) => one !== "");
    else takeFact(outcome.requests.at(-1), word, unescape(rest));
  }
  if (answers === null) throw new Error(`no answers in: ${lines.join("; ")}`);
  const closes = answers.at(-1) === "close";
  if (closes) answers.pop();
  if (outcome.refused !== null || outcome.requests.at(-1)?.close && outcome.end === "idle") {
    outcome.end = "closed";
  }
  return { outcome, answers, closes };
}

function newRequest(line: string): WireRequest {
  const [method, target, version] = line.split(" ").map(unescape);
  return {
    method,
    target,
    version,
    authority: "",
    fields: null,
    framing: "none",
    expectContinue: false,
    upgrade: false,
    hostNeedsCheck: false,
    close: false,
    body: "",
    trailers: [],
  };
}

function takeFact(request: WireRequest | undefined, word: string, rest: string): void {
  if (request === undefined) throw new Error(`"${word}" stands before a request`);
  switch (word) {
    case "authority":
      request.authority = rest;
      return;
    case "field":
      (request.fields ??= []).push(...fieldOf(rest));
      return;
    case "length":
      request.framing = rest;
      return;
    case "chunked":
      request.framing = "chunked";
      return;
    case "expect-continue":
      request.expectContinue = true;
      return;
    case "upgrade":
      request.upgrade = true;
      return;
    case "host-needs-check":
      request.hostNeedsCheck = true;
      return;
    case "close":
      request.close = true;
      return;
    case "body":
      request.body = rest;
      return;
    case "trailer":
      request.trailers.push(...fieldOf(rest));
      return;
    default:
      throw new Error(`there is no fact "${word}"`);
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 2)];
}

const ESCAPES: Readonly<Record<string, string>> = {
  r: "\r",
  n: "\n",
  t: "\t",
  0: "\0",
  s: " ",
  "\\": "\\",
};

/** The text that `escaped` stands for, one character for each byte. */
export function unescape(escaped: string): string {
  let text = "";
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] !== "\\") {
      text += escaped[i];
      continue;
    }
    const letter = escaped[++i];
    if (letter === "x") {
      text += String.fromCharCode(parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else if (letter === "{") {
      const end = escaped.indexOf("}", i);
      const [, count, inner] = /^(\d+) (.*)$/.exec(escaped.slice(i + 1, end))!;
      text += unescape(inner).repeat(Number(count));
      i = end;
    } else if (Object.hasOwn(ESCAPES, letter)) text += ESCAPES[letter];
    else throw new Error(`there is no escape \\${letter}`);
  }
  return text;
}

/** The bytes of a text that has one character for each. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new Error(`"${text[i]}" is not one byte`);
    bytes[i] = code;
  }
  return bytes;
}
