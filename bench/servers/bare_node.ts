/**
 * One answer for each packet, over `node:net`. No HTTP is read.
 *
 * @module
 */

import { type AddressInfo, createServer } from "node:net";
import { ANSWER } from "./bare_answer.ts";
import { announce, HOST } from "./hello.ts";

const server = createServer({ noDelay: true }, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.on("data", () => socket.write(ANSWER));
});
server.listen(0, HOST, () => announce((server.address() as AddressInfo).port));
