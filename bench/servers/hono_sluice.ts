/**
 * The Hono hello on Sluice.
 *
 * @module
 */

import { app } from "./hono_app.ts";
import { serveSluice } from "./serve_sluice.ts";

await serveSluice(app);
