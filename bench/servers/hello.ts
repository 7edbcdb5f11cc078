/**
 * What every server of the benchmark has in common: the answer, the line that says where it
 * listens, the ending at SIGTERM, and how a platform's global is reached. It knows no server.
 *
 * @module
 */

import process from "node:process";

/** The body of every answer. */
export const TEXT = "Hello, world!";
/** Its media type, as `new Response(TEXT)` would give it. */
export const TYPE = "text/plain;charset=UTF-8";
export const HOST = "127.0.0.1";

/** What a server prints, as one line of JSON, when it accepts connections. */
export interface Announcement {
  readonly port: number;
  readonly pid: number;
  /** The runtime and its version. */
  readonly runtime: string;
}

/** Tells the harness where the server listens. From then on SIGTERM ends the process in order. */
export function announce(port: number): void {
  // A profiler writes its file at an orderly end only.
  process.on("SIGTERM", () => process.exit(0));
  const line: Announcement = { port, pid: process.pid, runtime: runtimeName() };
  console.log(JSON.stringify(line));
}

function runtimeName(): string {
  const { bun, deno, node } = process.versions;
  if (bun !== undefined) return `bun ${bun}`;
  return deno !== undefined ? `deno ${deno}` : `node ${node}`;
}

/** A global of the platform that this server runs on. */
export function platform<T>(name: "Deno" | "Bun"): T {
  return (globalThis as unknown as Record<string, T>)[name]!;
}

/** The part of `Deno.serve` that the benchmark uses. */
export interface DenoServe {
  serve(
    options: {
      readonly hostname: string;
      readonly port: number;
      onListen(address: { readonly port: number }): void;
    },
    handler: (request: Request) => Response | Promise<Response>,
  ): unknown;
}

/** The part of `Bun.serve` that the benchmark uses. */
export interface BunServe {
  serve(options: {
    readonly hostname: string;
    readonly port: number;
    fetch(request: Request): Response | Promise<Response>;
  }): { readonly port: number };
}
