/** The reader of the wire cases: that a slip of the pen in a case cannot pass for a case. */

import { describe, test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { latin1Text } from "../../../core/http/latin1.ts";
import { parseWireFile, type WireLimits } from "../../wire/load.ts";

const LIMITS: WireLimits = {
  headBytesMax: 1,
  headerCountMax: 2,
  targetBytesMax: 3,
  chunkFramingBytesMax: 4,
  clientBodyMaxBytes: 5,
};

function file(input: string, outcome: string, extra = ""): string {
  return `# Group\n\n${extra}## Title\n\nProse.\n\n\`\`\`input\n${input}\n\`\`\`\n\n` +
    `\`\`\`outcome\n${outcome}\n\`\`\`\n`;
}

describe("parseWireFile()", () => {
  test("reads bytes, facts, answers and limits", () => {
    const text = file(
      "a\\r\\n\nb\\s\\t\\0\\\\\\xff\\{3 xy}",
      "request GET /\\s HTTP/1.1\nfield A: b\nbody c\nrefused 400 bad-host\nanswers 100? 400 close",
      "```limits\nclientBodyMaxBytes 9\n```\n\n",
    );
    const [one] = parseWireFile(text, LIMITS);
    assertEquals([one.group, one.title], ["Group", "Title"]);
    assertEquals(latin1Text(one.input, 0, one.input.length), "a\r\nb \t\0\\\xffxyxyxy");
    assertEquals(one.limits, { ...LIMITS, clientBodyMaxBytes: 9 });
    assertEquals(one.outcome.requests[0].target, "/ ");
    assertEquals(one.outcome.requests[0].fields, ["A", "b"]);
    assertEquals(one.outcome.requests[0].body, "c");
    assertEquals([one.outcome.refused, one.outcome.end], ["400 bad-host", "closed"]);
    assertEquals([one.answers, one.closes], [["100?", "400"], true]);
  });

  test("refuses what it does not know", () => {
    const refuses = (text: string, words: string) =>
      assertThrows(() => parseWireFile(text, LIMITS), Error, words);
    refuses(file("a", "open head"), "no answers");
    refuses(file("\\q", "answers"), "no escape");
    refuses(file("é€", "answers"), "not one byte");
    refuses(file("a", "request GET / HTTP/1.1\ncolour red\nanswers"), 'no fact "colour"');
    refuses(file("a", "body x\nanswers"), "before a request");
    refuses(file("a", "answers", "```limits\nfoo 1\n```\n\n"), 'no limit "foo"');
    refuses(file("a", "answers").replace("```outcome", "```output"), 'block "output"');
    refuses(file("a", "answers").replace("```input", "```outcome"), "wrong place");
  });
});
