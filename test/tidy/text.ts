/**
 * Rules on the text of one file: its size, its first paragraph, the marks that people leave behind,
 * and traces of the machine that it was written on. Knows lines, comments and calls; knows nothing
 * of other files.
 *
 * @module
 */

import { isCode, type Source, syntaxOf, type Violation } from "./source.ts";

export const FILE_LINES_MAX = 500;
export const FUNCTION_LINES_MAX = 70;
export const LINE_CHARACTERS_MAX = 100;

/** A suite's callback holds tests as a file holds functions, so only its members are measured. */
const SUITE_CALLS = ["describe", "suite", "describe.only", "describe.skip"];

/** Lines of a file, lines of a function, characters of a line. */
export function checkSize(source: Source): Violation[] {
  const { path, text } = source;
  if (!isCode(path)) return [];
  const found: Violation[] = [];
  const lines = text.replace(/\n$/, "").split("\n");
  if (lines.length > FILE_LINES_MAX) {
    found.push({ path, line: 0, message: `${lines.length} lines, at most ${FILE_LINES_MAX}` });
  }
  lines.forEach((line, index) => {
    const width = [...line].length;
    if (width <= LINE_CHARACTERS_MAX) return;
    const message = `${width} characters in a line, at most ${LINE_CHARACTERS_MAX}`;
    found.push({ path, line: index + 1, message });
  });
  for (const one of syntaxOf(source).functions) {
    // A function of a suite that registers checks holds them as a file holds functions, too.
    const apart = path.startsWith("test/") ? one.handedOverLines : 0;
    const length = one.lastLine - one.firstLine + 1 - apart;
    if (length <= FUNCTION_LINES_MAX || SUITE_CALLS.includes(one.callee)) continue;
    const message = `${one.name} has ${length} lines, at most ${FUNCTION_LINES_MAX}`;
    found.push({ path, line: one.firstLine, message });
  }
  return found;
}

/** The first thing in a file is a paragraph: what it knows, and what it refuses to know. */
export function checkModuleDoc(source: Source): Violation[] {
  const { path, text } = source;
  if (!isCode(path)) return [];
  const body = text.replace(/^#!.*\n/, "").trimStart();
  const first = syntaxOf(source).comments.find((comment) => comment.block);
  const message = "the file does not start with a doc comment that says what it knows";
  if (!body.startsWith("/**") || first === undefined) return [{ path, line: 1, message }];
  const words = first.text.replace(/@module\b/, "").match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.length >= 4 ? [] : [{ path, line: 1, message: "the first doc comment is empty" }];
}

const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/;
const UNCHECKED = /@ts-(ignore|nocheck)\b/;

/** Unfinished work, switched-off checks, and tests that push all others aside. */
export function checkMarks(source: Source): Violation[] {
  const { path } = source;
  if (!isCode(path)) return [];
  const found: Violation[] = [];
  for (const { text, line } of syntaxOf(source).comments) {
    for (const pattern of [UNFINISHED, UNCHECKED]) {
      const mark = pattern.exec(text);
      if (mark !== null) found.push({ path, line, message: `${mark[0]} in a comment` });
    }
  }
  for (const { callee, line } of syntaxOf(source).calls) {
    if (/\b(test|it|describe|suite)\.only$/.test(callee)) {
      found.push({ path, line, message: `${callee} leaves out the other tests` });
    }
    if (/\b(test|it|describe|suite)\.todo$/.test(callee)) {
      found.push({ path, line, message: `${callee} is not a test` });
    }
  }
  return found;
}

/** Directories that only one machine has; a URL's path or a longer relative path is none. */
const MACHINE_PATH = /(?<![\w.~$}*-])(?:\/(?:home|Users|root|work|tmp|mnt)\/[\w.-]+|[A-Z]:\\Users)/;
const REGISTRY = /"resolved":\s*"https?:|\b(?:registry|npm|artifactory|nexus)\.[\w-]+\.\w+/;

/** Traces of one machine: absolute paths and the hosts of package registries. */
export function checkMachine(source: Source): Violation[] {
  const found: Violation[] = [];
  source.text.split("\n").forEach((line, index) => {
    const hit = MACHINE_PATH.exec(line) ?? REGISTRY.exec(line);
    if (hit === null) return;
    const message = `"${hit[0]}" belongs to one machine`;
    found.push({ path: source.path, line: index + 1, message });
  });
  return found;
}

/** Words that say nothing of what a file does. */
const EMPTY_WORDS = /(^|_)(utils?|helpers?|misc|manager|processor|stuff)(_|\.|$)/;

/** `snake_case`, and a name with a meaning. */
export function checkFileName(source: Source): Violation[] {
  const { path } = source;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (!/\.ts$/.test(name)) return [];
  if (!/^[a-z0-9_]+(\.[a-z0-9_]+)*\.ts$/.test(name)) {
    return [{ path, line: 0, message: "file names are snake_case" }];
  }
  const word = EMPTY_WORDS.exec(name);
  return word === null ? [] : [{ path, line: 0, message: `"${word[2]}" says nothing of the file` }];
}
