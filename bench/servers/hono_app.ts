/**
 * The Hono application that every server of the case `hono` serves. It knows no server.
 *
 * @module
 */

import { peer } from "../peers/load.ts";
import { TEXT } from "./hello.ts";

const { Hono } = await peer<typeof import("hono")>("hono");

export const app = new Hono();

app.get("/", (context) => context.text(TEXT));
