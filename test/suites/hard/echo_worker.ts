/**
 * A thread that says back what it is told: for whoever is to be woken from a thread.
 *
 * @module
 */

import { parentPort } from "node:worker_threads";

parentPort!.on("message", (message: unknown) => parentPort!.postMessage(message));
