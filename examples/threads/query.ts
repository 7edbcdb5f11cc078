/**
 * What `sql_thread.ts` has run in a thread: a database whose every call blocks. It is opened once,
 * with the thread, and knows nothing of the server.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import type { ThreadOutput, ThreadRequest } from "sluice";

const COUNT_MAX = 100_000_000;
const TEXT = { "content-type": "text/plain; charset=utf-8" };

const database = new DatabaseSync(":memory:");
database.exec(`
  CREATE TABLE albums (year INTEGER, title TEXT);
  INSERT INTO albums VALUES
    (1966, 'Revolver'), (1967, 'Sgt. Pepper'), (1968, 'The Beatles'), (1969, 'Abbey Road');
`);
const albums = database.prepare("SELECT year, title FROM albums WHERE year >= ? ORDER BY year");
const counting = database.prepare(`
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
  SELECT max(n) AS n FROM numbers
`);

/** Albums since a year, or, with `count`, a query that takes its time. */
export function answer(request: ThreadRequest, out: ThreadOutput): void {
  const query = new URL(request.url).searchParams;
  const count = query.get("count");
  if (count !== null) {
    countTo(count, out);
    return;
  }
  const since = query.get("year") ?? "0";
  if (!/^\d{1,4}$/.test(since)) {
    out.head(400, TEXT);
    out.writeSync("year must be a whole number\n");
    return;
  }
  out.head(200, TEXT);
  for (const { year, title } of albums.all(Number(since))) {
    out.writeSync(`${year} ${title}\n`);
  }
}

/** Lets the database count, in one call. For the demo, too. */
export function countTo(text: string, out: ThreadOutput): void {
  const wanted = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(wanted >= 1 && wanted <= COUNT_MAX)) {
    out.head(400, TEXT);
    out.writeSync(`a whole number from 1 to ${COUNT_MAX}\n`);
    return;
  }
  out.head(200, TEXT);
  out.writeSync(`${counting.get(wanted)!["n"]}\n`);
}
