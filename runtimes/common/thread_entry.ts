/**
 * Where a worker begins: it makes a port of its end of the connection, and hands it to the module
 * that it was started for. It knows `node:worker_threads`; it knows nothing of jobs.
 *
 * @module
 */

import { parentPort, workerData } from "node:worker_threads";
import type { ThreadModule, ThreadPort } from "../../core/capabilities/threads.ts";

const parent = parentPort!;

const port: ThreadPort = {
  post: (message) => parent.postMessage(message),
  listen: (onMessage) => void parent.on("message", onMessage),
  load: (url) => import(url),
  now: () => performance.now(),
  wait: (words, index, value) => void Atomics.wait(words, index, value),
};

const { module } = workerData as { readonly module: string };
const { startThread } = await import(module) as ThreadModule;
startThread(port);
