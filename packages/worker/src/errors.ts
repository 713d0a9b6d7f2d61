const kDefaultCode = "handler_failed";

/** A failure of a job. Its message is shown to the job's user. */
class JobError extends Error {
  /** A lower-case word for programs. */
  readonly code: string;

  constructor(message: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = options.code ?? kDefaultCode;
  }
}

/** Thrown by a handler: the job fails for good; trying again would end the same way. */
export class PermanentError extends JobError {}

/** Thrown by a handler: as every other error, but with a code. The job is tried again while it has attempts left. */
export class RetryableError extends JobError {}

/**
 * Why a run has to stop: its user cancelled the job, somebody else holds it now (the lease ran out, a deadline, a limit),
 * or this worker stops.
 */
export type StopReason = "cancelled" | "fenced" | "drain";

const kStopSentences: Record<StopReason, string> = {
  cancelled: "The job was cancelled.",
  fenced: "The job is no longer this worker's.",
  drain: "The worker stops.",
};

/** `signal.reason` of a run that has to stop, and what `yield`, `emit` and `checkpoint` throw then. */
export class JobStopped extends Error {
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(kStopSentences[reason]);
    this.name = "JobStopped";
    this.reason = reason;
  }
}

/** Ends `run()`: the worker cannot work as it is set up. The message says what to do. */
export class WorkerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "WorkerError";
  }
}

export interface Failure {
  error: { message: string; code: string };
  retryable: boolean;
}

/** Enough for a sentence; a stack or a page of HTML is for logs. */
const kMaxMessage = 1000;

/** What the server is told of whatever a handler threw. */
export function failureOf(thrown: unknown): Failure {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof JobError && /^[a-z][a-z0-9_]{0,63}$/.test(thrown.code) ? thrown.code : kDefaultCode;
  return {
    error: { message: message.slice(0, kMaxMessage) || "The job's handler failed without a message.", code },
    retryable: !(thrown instanceof PermanentError),
  };
}
