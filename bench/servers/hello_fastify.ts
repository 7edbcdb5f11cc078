/**
 * The native hello on Fastify, without its logger.
 *
 * @module
 */

import { peer } from "../peers/load.ts";
import { announce, HOST, TEXT, TYPE } from "./hello.ts";

interface Reply {
  header(name: string, value: string): Reply;
  send(body: string): Reply;
}

interface Fastify {
  get(path: string, handler: (request: unknown, reply: Reply) => void): void;
  listen(options: { readonly host: string; readonly port: number }): Promise<string>;
}

const { fastify } = await peer<{ fastify(): Fastify }>("fastify");
const app = fastify();

app.get("/", (_request, reply) => {
  reply.header("content-type", TYPE).send(TEXT);
});

const url = await app.listen({ host: HOST, port: 0 });
announce(Number(new URL(url).port));
