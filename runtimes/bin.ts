#!/usr/bin/env node
/**
 * The `sluice` command: looks at the version of Node before anything newer is parsed, and then
 * hands over to main. Written so that a Node much older than the one it asks for can still read it.
 *
 * @module
 */

const NODE_MAJOR_MIN = 22;

const version = process.versions.node;
if (parseInt(version, 10) < NODE_MAJOR_MIN) {
  process.stderr.write(`sluice needs Node ${NODE_MAJOR_MIN} or later, this is ${version}\n`);
  process.exitCode = 2;
} else {
  import("./main.ts");
}

export {};
