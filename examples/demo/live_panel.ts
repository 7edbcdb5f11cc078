/**
 * The numbers at the top of the start page: markup, and the script that fills it from `/live`. It
 * knows the fields of a report by their names and nothing of how they come about.
 *
 * @module
 */

import { html, raw } from "hono/html";

/** What a field is called on the page, and the sentence that a pointer resting on it shows. */
const FIELDS: ReadonlyArray<readonly [id: string, name: string, hint: string]> = [
  ["requests", "open requests", "Begun and not over. This page's own stream is one of them."],
  ["connections", "connections", "Through Bun.serve nobody can count them, nor their bytes."],
  ["lag", "loop lag", "How late a timer comes, on average: an event waits as long."],
  ["threads", "threads at work", "Of those that were started; none is before it is needed."],
  ["queued", "thread queue", "Jobs that wait for a thread."],
  ["steps", "computations", "In steps, between the events of everybody else."],
  ["suspended", "suspensions", "Generators that wait for what they yielded."],
  ["handles", "handles", "Pipes and their like that were adopted."],
  ["lent", "bytes lent", "Output that the runtime has and has not given back."],
  ["output", "bytes queued", "Output that waits for its client."],
];

/** Hidden until the first report is here: without scripts there is nothing to see. */
export function renderPanel() {
  return html`
    <section id="live" hidden>
      <p id="live-state" role="status"></p>
      <dl>
    ${FIELDS.map(([id, name, hint]) =>
      html`
        <div title="${hint}">
          <dt>${name}</dt>
          <dd id="live-${id}"></dd>
        </div>
      `
    )}
      </dl>
      <h2>Holds</h2>
      <ul id="live-holds"></ul>
    </section>
    <script>${raw(SCRIPT)}</script>
  `;
}

/**
 * `EventSource` connects again by itself when a stream breaks, and gives up when it is refused (a
 * 503, say): then the script tries again. Numbers that are old look so.
 */
export const SCRIPT = `
(() => {
  const at = (id) => document.getElementById("live-" + id);
  const panel = document.getElementById("live");
  const number = new Intl.NumberFormat("en");
  const put = (id, value) => { at(id).textContent = value; };
  const show = (live) => {
    for (const id of ["requests", "steps", "suspended", "handles"]) {
      put(id, number.format(live[id]));
    }
    // This page's own stream has a connection: none means that nobody counts.
    const counted = (value) => live.connections === 0 ? "\\u2013" : number.format(value);
    put("connections", counted(live.connections));
    put("lent", counted(live.bytes.lent));
    put("output", counted(live.bytes.output));
    put("lag", number.format(live.lagMs) + " ms");
    put("threads", live.threads.running + " of " + live.threads.all);
    put("queued", number.format(live.threads.queued));
    const holds = Object.entries(live.holds).map(([reason, count]) => {
      const item = document.createElement("li");
      item.textContent = count + " \\u00d7 " + reason;
      return item;
    });
    at("holds").replaceChildren(...holds);
  };
  const state = (text, isStale) => {
    put("state", text);
    panel.className = isStale ? "stale" : "";
  };
  const start = () => {
    const events = new EventSource("/live");
    events.onmessage = (event) => {
      let live;
      try {
        live = JSON.parse(event.data);
      } catch {
        return;
      }
      panel.hidden = false;
      show(live);
      state(live.isOverloaded ? "overloaded: nothing more is accepted" : "live", false);
    };
    events.onerror = () => {
      state("no connection: these numbers are old; trying again", true);
      if (events.readyState !== EventSource.CLOSED) return;
      setTimeout(start, 5000);
    };
  };
  start();
})();
`;

export const PANEL_STYLE = `
#live {
  margin-bottom: 2.5rem;
  padding: 1.25rem;
  border: 1px solid var(--line);
  border-radius: 0.75rem;
  background: var(--card);
}
#live.stale dl, #live.stale ul { opacity: 0.4; }
#live-state { margin: 0 0 0.8rem; color: var(--soft); }
#live-state::before { content: "●"; margin-right: 0.5em; color: var(--water); }
#live.stale #live-state::before { color: var(--soft); }
#live dl {
  display: grid;
  gap: 0.8rem 1.25rem;
  grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
  margin: 0 0 1rem;
}
#live dt { color: var(--soft); font-size: 0.85rem; }
#live dd { margin: 0; font: 600 1.2rem/1.4 ui-monospace, monospace; }
#live ul {
  display: flex;
  flex-wrap: wrap;
  align-content: start;
  gap: 0.4rem;
  margin: 0.6rem 0 0;
  padding: 0;
  list-style: none;
  min-height: 4.4rem;
}
#live li {
  padding: 0.2rem 0.6rem;
  border-radius: 0.4rem;
  background: var(--paper);
  font: 0.85rem/1.5 ui-monospace, monospace;
  overflow-wrap: anywhere;
}
`;
