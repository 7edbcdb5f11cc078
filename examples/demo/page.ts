/**
 * The start page: the table of entries as HTML, under the numbers of the server. It knows how
 * things look, and all but the numbers works without scripts.
 *
 * @module
 */

import { html, raw } from "hono/html";
import type { Entry } from "./entry.ts";
import { PANEL_STYLE, renderPanel } from "./live_panel.ts";

/** The page for a server that is reached at `origin`. */
export function renderPage(entries: readonly Entry[], origin: string) {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Sluice</title>
        <link rel="icon" href="data:,">
        <style>${raw(STYLE + PANEL_STYLE)}</style>
      </head>
      <body>
        <header>
          <h1>Sluice</h1>
          <p>One HTTP server core that behaves the same on Node, Deno and Bun.
    This page was served by <strong>${navigator.userAgent}</strong>.
    Each entry shows one thing that the core can do, and what to look for.</p>
        </header>
    ${renderPanel()}
        <main>
    ${entries.map((entry) => renderEntry(entry, origin))}
        </main>
      </body>
    </html>
  `;
}

function renderEntry({ method, example, title, look, curl, takesFile }: Entry, origin: string) {
  const command = `curl ${curl.replace("$URL", origin + example)}`;
  return html`
    <article>
    <h2>${title}</h2>
    ${takesFile ? renderForm(method, example) : renderLink(method, example)}
    <p>${look}</p>
    <pre><code>${command}</code></pre>
    </article>
  `;
}

function renderLink(method: string, example: string) {
  // In a tab of its own: here the numbers show what it does.
  return html`
    <p><code>${method}</code> <a href="${example}" target="_blank">${example}</a></p>
  `;
}

function renderForm(method: string, action: string) {
  return html`
    <form method="${method}" action="${action}" enctype="multipart/form-data" target="_blank">
      <label><code>${method} ${action}</code> <input type="file" name="file" required></label>
      <button>Send</button>
    </form>
  `;
}

const STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#16232e, #e3ebf1);
  --soft: light-dark(#51626f, #9db0be);
  --paper: light-dark(#f3f6f8, #0f161c);
  --card: light-dark(#ffffff, #17212a);
  --line: light-dark(#d9e1e7, #2a3946);
  --water: light-dark(#0b6e99, #6cc4ea);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto;
  max-width: 68rem;
  padding: 3rem 1.25rem 4rem;
  background: var(--paper);
  color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif;
}
header { max-width: 42rem; margin-bottom: 2.5rem; }
h1 { margin: 0; font-size: 2.75rem; letter-spacing: -0.03em; line-height: 1.1; }
h1::after {
  content: "";
  display: block;
  width: 4rem;
  height: 0.3rem;
  margin: 0.9rem 0 1.2rem;
  border-radius: 1rem;
  background: var(--water);
}
header p { margin: 0; color: var(--soft); }
header strong { color: var(--ink); font-weight: 600; }
main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(19rem, 1fr)); }
article {
  display: flex;
  flex-direction: column;
  gap: 0.6rem;
  min-width: 0;
  padding: 1.25rem;
  border: 1px solid var(--line);
  border-radius: 0.75rem;
  background: var(--card);
}
h2 { margin: 0; font-size: 1.1rem; }
article p { margin: 0; color: var(--soft); }
a { color: var(--water); font: 600 0.95rem/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
pre {
  margin: auto 0 0;
  padding: 0.6rem 0.75rem;
  border-radius: 0.4rem;
  background: var(--paper);
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}
code { font: 0.82rem/1.5 ui-monospace, monospace; }
form { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
label { display: grid; gap: 0.4rem; }
input { max-width: 100%; color: var(--soft); }
button {
  padding: 0.35rem 1rem;
  border: 0;
  border-radius: 0.4rem;
  background: var(--water);
  color: var(--card);
  font: inherit;
  cursor: pointer;
}
`;
