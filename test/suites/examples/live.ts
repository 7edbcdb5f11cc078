/**
 * The numbers of the demo's start page: the stream behind them, and the script that shows them, on
 * a page that is only as real as the script can tell.
 *
 * @module
 */

import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Live } from "../../../examples/demo/live.ts";
import { SCRIPT } from "../../../examples/demo/live_panel.ts";
import { type ProcessColumn, startServing, whileServing } from "../commands.ts";

const REPORT: Live = {
  connections: 3,
  requests: 12_345,
  holds: { 'every "live"': 1, "<b>": 2 },
  lagMs: 7,
  isOverloaded: false,
  threads: { running: 1, all: 2, queued: 4 },
  steps: 5,
  suspended: 6,
  handles: 8,
  bytes: { input: 9, output: 10, lent: 1_000_000 },
};

export function checkLive(column: ProcessColumn): void {
  test("/live reports holds by reason, and what comes and goes", async () => {
    await whileServing(column, "examples/demo.ts", async ({ url }) => {
      const late = fetch(`${url}/deferred?ms=2500`);
      const response = await fetch(`${url}/live`);
      assertEquals(response.headers.get("content-type"), "text/event-stream");
      const reports = readReports(response);
      await reports.until((live) => live.holds["waits 2500 ms"] === 1 && live.requests === 2);
      assertEquals(await (await late).text(), "DONE");
      await (await fetch(`${url}/thread/sql?n=10`)).text();
      const last = await reports.until((live) => live.threads.all === 1);
      assertEquals([last.threads.queued, last.suspended, last.holds['every "live"']], [0, 0, 1]);
      await reports.cancel();
    });
  });

  test("/live says to HEAD what it says to GET, and no length", async () => {
    await whileServing(column, "examples/demo.ts", async ({ url }) => {
      const { status, headers } = await fetch(`${url}/live`, { method: "HEAD" });
      const said = ["content-type", "cache-control", "content-length"].map((name) =>
        headers.get(name)
      );
      assertEquals([status, ...said], [200, "text/event-stream", "no-store", null]);
    });
  });

  test("/live ends in order when the server closes", async () => {
    const { url, program } = await startServing(column, ["examples/demo.ts", "--port", "0"]);
    const reports = readReports(await fetch(`${url}/live`));
    await reports.until(() => true);
    const ending = program.stop("SIGINT");
    await reports.end();
    const { code, stderr } = await ending;
    assertEquals({ code, stderr }, { code: 0, stderr: "" });
  });

  test("the page's script shows a report, and holds' reasons as text", () => {
    const page = new FakePage();
    assertEquals(page.at("live").hidden, true);
    page.streams[0]!.onmessage!({ data: JSON.stringify(REPORT) });
    const texts = ["requests", "lag", "threads", "queued", "lent"].map((id) => page.text(id));
    assertEquals(texts, ["12,345", "7 ms", "1 of 2", "4", "1,000,000"]);
    assertEquals([page.at("live").hidden, page.text("state")], [false, "live"]);
    const holds = page.at("live-holds").children.map((item) => item.textContent);
    assertEquals(holds, ['1 × every "live"', "2 × <b>"]);
    page.streams[0]!.onmessage!({ data: "{" });
    assertEquals(page.text("requests"), "12,345");
  });

  test("the page's script makes no number of what a runtime cannot count", () => {
    const page = new FakePage();
    const bytes = { input: 0, output: 0, lent: 0 };
    const uncounted: Live = { ...REPORT, connections: 0, bytes };
    page.streams[0]!.onmessage!({ data: JSON.stringify(uncounted) });
    const texts = ["requests", "connections", "lent", "output"].map((id) => page.text(id));
    assertEquals(texts, ["12,345", "–", "–", "–"]);
  });

  test("the page's script says that its numbers are old, and tries again when refused", () => {
    const page = new FakePage();
    const [stream] = page.streams;
    stream!.onmessage!({ data: JSON.stringify(REPORT) });
    stream!.readyState = FakeEventSource.CONNECTING;
    stream!.onerror!();
    assertStringIncludes(page.text("state"), "old");
    assertEquals([page.at("live").className, page.timers.length], ["stale", 0]);
    stream!.onmessage!({ data: JSON.stringify(REPORT) });
    assertEquals([page.at("live").className, page.text("state")], ["", "live"]);
    stream!.readyState = FakeEventSource.CLOSED;
    stream!.onerror!();
    assertEquals([page.streams.length, page.timers.length], [1, 1]);
    page.timers[0]!();
    assertEquals(page.streams.length, 2);
  });
}

function readReports(response: Response) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    /** The first report from here on that `isIt`. */
    async until(isIt: (live: Live) => boolean): Promise<Live> {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end >= 0) {
          const live = JSON.parse(text.slice("data: ".length, end)) as Live;
          text = text.slice(end + 2);
          if (isIt(live)) return live;
          continue;
        }
        const { done, value } = await reader.read();
        assert(!done, "the stream has ended");
        text += value;
      }
    },
    async end(): Promise<void> {
      while (!(await reader.read()).done);
    },
    cancel: () => reader.cancel(),
  };
}

/** As much of a page as the script looks at. It runs when this is made. */
class FakePage {
  readonly streams: FakeEventSource[] = [];
  readonly timers: (() => void)[] = [];
  readonly #elements: Map<string, FakeElement> = new Map();

  constructor() {
    const { streams, timers } = this;
    class EventSource extends FakeEventSource {
      constructor(url: string) {
        super(url);
        streams.push(this);
      }
    }
    const fakes = {
      document: {
        getElementById: (id: string) => this.at(id),
        createElement: () => new FakeElement(),
      },
      EventSource,
      setTimeout: (run: () => void) => timers.push(run),
    };
    new Function(...Object.keys(fakes), SCRIPT)(...Object.values(fakes));
  }

  at(id: string): FakeElement {
    let element = this.#elements.get(id);
    if (element === undefined) this.#elements.set(id, element = new FakeElement());
    return element;
  }

  text(id: string): string {
    return this.at(`live-${id}`).textContent;
  }
}

class FakeElement {
  hidden = true;
  className = "";
  textContent = "";
  children: FakeElement[] = [];

  replaceChildren(...children: FakeElement[]): void {
    this.children = children;
  }
}

class FakeEventSource {
  static readonly CONNECTING = 0;
  static readonly CLOSED = 2;
  readonly url: string;
  readyState = 1;
  onmessage: ((event: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;

  constructor(url: string) {
    this.url = url;
  }
}
