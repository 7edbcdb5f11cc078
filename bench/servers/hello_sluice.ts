/**
 * The native hello on Sluice.
 *
 * @module
 */

import { hello } from "./hello_native.ts";
import { serveSluice } from "./serve_sluice.ts";

await serveSluice(hello);
