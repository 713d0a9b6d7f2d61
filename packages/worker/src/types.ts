import type { Log } from "./log.js";
import type { From } from "./protocol.js";
import type { TokenSource } from "./tokens.js";

/** What one type of job takes and gives; all optional. */
export interface JobShape {
  input?: unknown;
  chunk?: unknown;
  result?: unknown;
  checkpoint?: unknown;
  progress?: unknown;
}

type IsAny<S> = 0 extends 1 & S ? true : false;
/** The field of that name; `Otherwise` where a shape leaves it out, anything without a shape. */
type Field<S, K extends keyof JobShape, Otherwise> =
  IsAny<S> extends true ? any : S extends { [key in K]: infer V } ? V : Otherwise;

/** Shown to people as a bar; `percentage` is worked out when it is missing. */
export interface Progress {
  current: number;
  total: number;
  message?: string;
  percentage?: number;
}

/** What a handler is told of its job. */
export interface Job<S = any> {
  readonly id: string;
  readonly type: string;
  readonly user: string;
  readonly input: Field<S, "input", unknown>;
  /** 1 for the first run. */
  readonly attempt: number;
  /** The job had failed, and its user has asked for it again. */
  readonly resumed: boolean;
  /** Chunks of earlier runs that stand; the next one is number `chunkCount` (from 0). */
  readonly chunkCount: number;
  /** The state of the newest checkpoint that stands. */
  readonly checkpoint: Field<S, "checkpoint", unknown> | undefined;
}

export interface JobContext<S = any> {
  /**
   * Aborted when the run has to stop; `signal.reason` is a JobStopped that says why. Hand it to fetch and the like. Whoever
   * has looked at it and then returns nothing while the worker drains has not finished.
   */
  readonly signal: AbortSignal;
  /** Adds a chunk, as `yield` does in a generator. Wait for it: that is the back-pressure. */
  emit(chunk: Field<S, "chunk", unknown>): Promise<void>;
  /** Ten a second go out, the newest each time, and the last one. */
  progress(progress: Field<S, "progress", Progress>): void;
  /** What a later run gets as `job.checkpoint`. Resolves when it is on disk, and with it all chunks before. */
  checkpoint(state: Field<S, "checkpoint", unknown>): Promise<void>;
  /**
   * Leaves the time of checkpoints to the operator's `checkpoint_every`: `state` is asked behind every so many chunks and
   * says where to go on after the chunk just taken.
   */
  checkpointWith(state: () => Field<S, "checkpoint", unknown>): void;
}

type Result<S> = Field<S, "result", any>;

/** An async generator that yields chunks and returns the result, or a function that emits them. */
export type Run<S = any> = (
  job: Job<S>,
  context: JobContext<S>,
) => AsyncGenerator<Field<S, "chunk", any>, Result<S>, void> | Promise<Result<S>>;

/** What a plan is told: chunks of earlier runs, and how many of them stood at the checkpoint. */
export interface ResumePoint<S = any> extends Job<S> {
  readonly checkpointChunkCount: number;
}

export interface Handler<S = any> {
  run: Run<S>;
  /**
   * Asked before every run but the first: where does its output join what is there? `last_event` goes on behind the last
   * chunk; `checkpoint` and `beginning` openly withdraw what is behind. To refuse, throw: the job fails and keeps its
   * output. Without a plan: `checkpoint` if there is one, `last_event` if there are no chunks, else `beginning`.
   */
  plan?(job: ResumePoint<S>): From | Promise<From>;
}

export type JobShapes = Record<string, JobShape>;

export interface WorkerOptions<T> {
  /** The server, as users reach it: `https://hawser.example`. */
  url: string;
  /** The worker's token, or who has one; a function is asked again when the token ends or is refused. */
  token: TokenSource;
  /** By type of job. */
  handlers: { [K in keyof T]: Run<T[K]> | Handler<T[K]> };
  /** Jobs at the same time, 1 if not said. */
  concurrency?: number;
  /** On `stop()`: how long jobs may go on before their signal is aborted. 0 if not said. */
  finishMs?: number;
  /** And how long their handlers then have to return. 10,000 if not said. */
  drainMs?: number;
  /** Whether SIGTERM and SIGINT drain, and a second one exits at once. True if not said. */
  handleSignals?: boolean;
  /** Warnings and errors go to stderr if not said. */
  log?: Log;
  /** Options of socket.io-client, for example `ca` for a certificate of your own. */
  socketOptions?: Record<string, unknown>;
}

export interface Worker {
  /** Works until `stop()`. Rejects with a WorkerError when the worker cannot work as it is set up. */
  run(): Promise<void>;
  /** Claims nothing more, lets handlers come to an end or a checkpoint, gives back the rest. */
  stop(): Promise<void>;
  /** Jobs that are running. */
  readonly running: number;
}
