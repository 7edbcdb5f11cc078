/**
 * A whole server on Bun through `Bun.serve`, with all that `Bun.serve` (Bun 1.4) cannot promise
 * named. The column's own checks are in `bun_serve.requests.test.ts`.
 *
 * @module
 */

import { createBunServeReactor } from "../../runtimes/bun_serve.ts";
import { checkServer } from "../suites/check_server.ts";
import { type Gaps, liveRig } from "../suites/rig.ts";

const PIPELINED =
  "Bun reads a pipelined request only when the one before is answered in the same event";
const ITS_OWN_PARSER = "Bun parses, and what it refuses or takes is its own affair";
const NO_TRAILERS = "Bun takes the trailers of a request for the next request";
const CONTINUES = "Bun sends 100 Continue itself, before anybody asks for the body";
const WHOLE = "what ends within its turn is sent whole, with its length; trailers cannot be sent";
const NO_CONNECTIONS = "Bun shows requests and no connections: none are listed, counted or refused";
const NO_HEADER_CLOCK =
  "Bun starts no clock before the first byte, and its one clock closes without an answer";
const IDLE_SECONDS = "Bun counts idle time in whole seconds, and looks every four";
const NO_LINGERING = "Bun reads and drops by rules of its own, and shows no connections";

const HALF_CLOSE = "Bun closes both ways when a client half-closes";
const ITS_OWN_BOUNDS = "the bounds of a head, of chunks and of what is read ahead are Bun's own";

const GAPS: Gaps = {
  "a FIN is noticed while a handler runs, and the answer still arrives": HALF_CLOSE,
  'a FIN means nothing to the request with halfClose "answer"': HALF_CLOSE,
  "a FIN that came with the request is told before its handler can wait": HALF_CLOSE,
  'a FIN behind pipelined requests is noticed at once: halfClose "abort"': HALF_CLOSE,
  'a FIN behind pipelined requests is noticed at once: halfClose "answer"': HALF_CLOSE,
  "a FIN behind more than may be read ahead is noticed when that is taken": HALF_CLOSE,
  "a FIN is noticed while a handler streams, and the stream goes on": HALF_CLOSE,
  "a job of /text that waits keeps its place at a FIN": HALF_CLOSE,
  "a job of /whole/text that waits keeps its place at a FIN": HALF_CLOSE,
  "headBytesMax: a head of so many bytes is taken, one more is 431": ITS_OWN_BOUNDS,
  "headerCountMax: so many fields are taken, one more is 431": ITS_OWN_BOUNDS,
  "chunkFramingBytesMax: extensions count up to it, one more is 400": ITS_OWN_BOUNDS,
  "chunkFramingBytesMax: trailers count up to it, one more is 400": NO_TRAILERS,
  "inputBytesMax: more than so many bytes that nobody takes stop the reading": ITS_OWN_BOUNDS,
  "pipelinedRequestsMax: no more than so many wait for their answers to leave":
    "Bun hands over one request of a connection at a time",
  "connectionsMax: so many are served, one more gets 503 and is closed": NO_CONNECTIONS,
  "connectionsPerAddressMax: one more of an address gets 503 and is closed": NO_CONNECTIONS,
  "refusedConnectionsMax: they take no place that connectionsMax gives, and are bounded":
    NO_CONNECTIONS,
  "refusedConnectionsMax: they take no place that connectionsPerAddressMax gives, and are bounded":
    NO_CONNECTIONS,
  "pipelined requests that compute let the others have their turn":
    "Bun hands over all pipelined requests of a packet in one event",
  "requestsPerConnectionMax: the last one says close": NO_CONNECTIONS,
  "accepting stops while the loop is late, and who came meanwhile is served then":
    "Bun accepts on, and hands over requests: they get their 503",
  "HTTP/1.0 with keep-alive is kept": "Bun closes every HTTP/1.0 connection behind its answer",
  "HEAD over HTTP/1.0 keeps the connection that was asked to be kept":
    "Bun closes every HTTP/1.0 connection behind its answer",
  "HEAD says nothing of how a body of unknown length would end":
    "Bun frames each answer itself, and says a length of 0 here",
  "close() answers what is here already, and says close only then": PIPELINED,
  "the last answer arrives although more requests are on their way": NO_CONNECTIONS,
  "a connection past connectionsMax gets a complete 503": NO_CONNECTIONS,
  "the last request of requestsPerConnectionMax says close": NO_CONNECTIONS,
  "headerTimeoutMs closes in silence without a byte, and refuses a part": NO_HEADER_CLOCK,
  "headerTimeoutMs counts from the first byte of a later request": NO_HEADER_CLOCK,
  "the rest of a head that came while the loop was held up is in time": NO_HEADER_CLOCK,
  "keepAliveTimeoutMs closes an idle connection in silence": IDLE_SECONDS,
  "setClocks() sets the time until the next request": IDLE_SECONDS,
  "lingerTimeoutMs is how long a lingering close waits for a next byte": NO_LINGERING,
  "lingerTimeMs is how long a lingering close takes in all": NO_LINGERING,
  "lingerBytesMax bounds what a lingering close reads, by a reset": NO_LINGERING,
  "the time of an unread body counts as that of any body": NO_LINGERING,
  "discardBytesMax: an unread rest of 1001 of 1000 bytes gives the connection up": NO_LINGERING,
  "close() lets a connection be that was idle for less than its least time":
    "Bun closes idle connections itself, at once",
  "pipelined requests wait until the one before is finalized": PIPELINED,
  "finalizeRequest() keeps the request while a hold is open": PIPELINED,
  "finalizing with a status makes a complete error answer": PIPELINED,
  "heads and bodies cut at every byte give the same answers": NO_TRAILERS,
  "leading empty lines, OPTIONS * and absolute targets are accepted": ITS_OWN_PARSER,
  "fields reach the handler as sent, values without white space around":
    "Bun hands over names in lower case, sorted, and repeated fields as one",
  "what is malformed is refused with a complete answer, and nothing else is disturbed":
    "Bun's refusals have no body, their statuses are its own, and nobody can log them",
  "a chunked body arrives whole, with its trailers": NO_TRAILERS,
  "the last chunk is not the end before its final line":
    "Bun ends a body at its last chunk, before the final line",
  "100 Continue is sent when the body is first asked for, in any case": CONTINUES,
  "without interest in the body there is no 100, and the connection ends": CONTINUES,
  "HTTP/1.0 never gets a 100": CONTINUES,
  "a body that ends before its length is refused with 400":
    "Bun closes both ways when a client half-closes before its answer",
  "a body of unknown length is chunked, and an empty item never ends it": WHOLE,
  "a body of unknown length for HTTP/1.0 ends with the connection": WHOLE,
  "a whole answer that its peer does not take is reset by the send clock":
    "Bun has all of it, and ends a peer that does not take it by its idle time, in whole seconds",
  "a large generated body arrives exactly, and its producer is made to wait":
    "Bun drops the Content-Length of a streamed answer and sends chunks",
  "a slow client does not hold up another": NO_CONNECTIONS,
  "compression leaves a client of HTTP/1.0 alone": "Bun does not hand over the version",
  "a FIN ends no pause: the answer is whole": "Bun closes both ways when a client half-closes",
  "wire cases: Chunked bodies": ITS_OWN_PARSER,
  "wire cases: Connection": ITS_OWN_PARSER,
  "wire cases: Content-Length": "Bun does not hand over the body of a GET",
  "wire cases: Expect": CONTINUES,
  "wire cases: Field lines": ITS_OWN_PARSER,
  "wire cases: Limits": "the bounds of a head are Bun's",
  "wire cases: Pipelines": ITS_OWN_PARSER,
  "wire cases: Targets": "Bun hands over targets as its URL parser sees them",
  "wire cases: The request line": ITS_OWN_PARSER,
  "wire cases: Trailers": NO_TRAILERS,
  "wire cases: Transfer-Encoding": ITS_OWN_PARSER,
  "wire cases: Versions": ITS_OWN_PARSER,
};

checkServer("bun_serve", () => liveRig(createBunServeReactor(), false, GAPS));
