/**
 * What a file of the demo adds to it: what the start page says, and what serves it. It knows
 * neither the page nor its neighbours.
 *
 * @module
 */

import type { Hono } from "hono";
import type { Handler } from "sluice";

export interface Entry {
  readonly method: string;
  /** The path with a query that shows something. */
  readonly example: string;
  /** A few words: what the core does here. */
  readonly title: string;
  /** One sentence: what to look for. */
  readonly look: string;
  /** What follows `curl ` on the command line; `$URL` stands for the example's URL. */
  readonly curl: string;
  /** A form on the page sends a file there, because a link cannot. */
  readonly takesFile?: boolean;
  /** Adds its routes. An entry has this, or a native handler, or both. */
  readonly routes?: (app: Hono) => void;
  /** Asked before any route; answers `DECLINED` to what is not its own. */
  readonly handler?: Handler;
}
