/**
 * Sluice's portable surface: everything that an application or a runtime's shim imports. It knows
 * no runtime; to serve on one, see `sluice/serve`.
 *
 * @module
 */

export { AGAIN, DECLINED, DONE, ERROR, OK, type ResultCode, type SendCode } from "./status.ts";
export { type AbortCause, type Fault, HttpError, RequestAborted } from "./errors.ts";
export { Buf, bufOf, type BufOwner, FREE, LENT, QUEUED, releaseBuf } from "./buf.ts";
export { BufPool, type BufPoolOptions } from "./buf_pool.ts";
export { Chain } from "./chain.ts";
export {
  type Clocks,
  DEFAULT_CLOCKS,
  DEFAULT_LIMITS,
  type Limits,
  type RequestClocks,
} from "./limits.ts";
export { type BytesReport, type CodingsInUse, connectionBytesMax } from "./connection_bytes.ts";
export type { Load, LoadReport } from "./load.ts";
export {
  type Address,
  type Clock,
  type CloseReason,
  type Entropy,
  type Handle,
  type Listener,
  ListenError,
  type ListenOptions,
  type Log,
  type LogLevel,
  type Reactor,
  type Sockets,
  type StreamEvents,
  type Streams,
  type Turn,
  type TurnEvents,
} from "./reactor.ts";
export {
  type Codec,
  CODEC_OUTPUT_BYTES_MIN,
  type CodecFault,
  type CodecMode,
  type Codecs,
  type CodecStep,
  type Coding,
  type EncoderOptions,
} from "./capabilities/codecs.ts";
export type { ByteText } from "./capabilities/byte_text.ts";
export type { Ambient, Context } from "./capabilities/context.ts";
export type { WholeBodies } from "./capabilities/whole_bodies.ts";
export {
  type Block,
  type Chunk,
  type IterableItem,
  type IterableItems,
} from "./apps/iterable_items.ts";
export { iterable, type IterableHandler, type IterableOutput } from "./apps/iterable.ts";
export {
  buffered,
  type BufferedOptions,
  compressed,
  timed,
  type Timing,
} from "./apps/iterable_middleware.ts";
export type { CompressionOptions } from "./filters/compression.ts";
export { Pause, type PauseOptions, type PauseResult } from "./work/pause.ts";
export { SUSPENSION, type Suspension, type Waiter } from "./work/suspension.ts";
export { FileError, type FileErrorCode, type Files, type OpenFile } from "./capabilities/files.ts";
export { Loop, type WaitCounts } from "./loop.ts";
export type { Posted, PostedQueue } from "./posted.ts";
export { Timer, type TimerOwner, type Timers } from "./timers.ts";
export type { RequestHead } from "./http/request_head.ts";
export type { HeaderFields, ResponseHead } from "./http/response_head.ts";
export type { HttpRequest, SendOptions } from "./http_request.ts";
export type { BodyConsumer, BodyError, RequestBody } from "./request_body.ts";
export type { KeptBody } from "./kept_body.ts";
export type { Hold } from "./hold.ts";
export { finalizeRequest, terminateRequest } from "./finalize.ts";
export type { Handler } from "./handlers.ts";
export {
  inspectSteps,
  type Step,
  step,
  type StepOptions,
  type StepReport,
  StepStopped,
} from "./work/step.ts";
export { type Every, every, type EveryOptions } from "./work/every.ts";
export {
  type FetchApp,
  type FetchContext,
  type FetchEnv,
  type FetchHandler,
  fetchHandler,
  toRequest,
} from "./apps/fetch.ts";
export {
  type App,
  defineServer,
  resolveApp,
  type ResolvedApp,
  type ServerDefinition,
  type ServerSettings,
} from "./definition.ts";
export { type CloseOptions, type CloseReport, Server, type ServerOptions } from "./server.ts";
export type { HoldReport, RequestReport, ServerReport } from "./inspect.ts";
export type { Service } from "./service.ts";
export {
  AdoptError,
  type Direction,
  type OpenedPipe,
  type Pollable,
  type Polls,
  type PollState,
  type Released,
  type Taken,
} from "./capabilities/polls.ts";
export {
  adopt,
  closeHandle,
  detach,
  type Detached,
  type ForeignSource,
  type Home,
  openPipe,
  openStream,
  POLLABLE,
  type Waiting,
} from "./work/adopt.ts";
export { pollableOf, type PromisedSource } from "./work/ahead_pollable.ts";
export type { ReadPiece } from "./work/prefetch.ts";
export {
  type Interest,
  type OnPoll,
  Poller,
  type PollerWaitOptions,
  type PollEvent,
} from "./work/poller.ts";
export { untilAny, untilReadable, untilWritable } from "./work/wait_suspensions.ts";
export { type Awaited, waitAny, type WaitAnyOptions } from "./work/wait_any.ts";
export {
  type PollOutcome,
  readable,
  tryRead,
  tryTake,
  tryWrite,
  type WaitOptions,
  writable,
} from "./work/waits.ts";
export { inThread, type InThreadOptions, type ThreadRequest } from "./apps/in_thread.ts";
export {
  type CallOptions,
  type LoopFunction,
  type StopCause,
  ThreadError,
  type ThreadErrorCode,
  type ThreadReport,
  type ThreadService,
  type ThreadsReport,
} from "./thread_service.ts";
export type { ThreadOutput, ThreadSide } from "./work/thread_output.ts";
export { ThreadStopped } from "./work/ring_writer.ts";
export type {
  Thread,
  ThreadEvents,
  ThreadModule,
  ThreadPort,
  Threads,
} from "./capabilities/threads.ts";
