export { createWorker } from "./create_worker.js";
export { JobStopped, PermanentError, RetryableError, WorkerError, type StopReason } from "./errors.js";
export type { LogEntry } from "./log.js";
export type { From } from "./protocol.js";
export type { TokenReason, TokenSource } from "./tokens.js";
export type {
  Handler,
  Job,
  JobContext,
  JobShape,
  JobShapes,
  Progress,
  ResumePoint,
  Run,
  Worker,
  WorkerOptions,
} from "./types.js";
