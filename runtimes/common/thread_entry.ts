/**
 * Where a worker begins: it makes a port of its end of the connection, and hands it to the module
 * that it was started for. It knows `node:worker_threads`; it knows nothing of jobs.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import type { ThreadModule, ThreadPort } from "../../core/capabilities/threads.ts";

const parent = parentPort!;
/** What came before anybody listened: Deno 2.9 drops what comes before there is a listener. */
const early: unknown[] = [];
let onMessage = (message: unknown): void => void early.push(message);
parent.on("message", (message) => onMessage(message));

const port: ThreadPort = {
  post: (message) => parent.postMessage(message),
  listen: (receiver) => {
    onMessage = receiver;
    for (const message of early.splice(0)) receiver(message);
  },
  load: (url) => import(url),
  now: () => performance.now(),
  onEnd: null,
  wait: (words, index, value) => void Atomics.wait(words, index, value),
};

const { module } = workerData as { readonly module: string };
const { startThread } = await import(module) as ThreadModule;
startThread(port);
