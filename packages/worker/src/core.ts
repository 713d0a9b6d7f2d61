import { Claims } from "./claims.js";
import type { Clock } from "./clock.js";
import type { WorkerError } from "./errors.js";
import { LineDown, Line, type Connect, type LineOwner } from "./line.js";
import type { Log } from "./log.js";
import type { ClaimedJob } from "./protocol.js";
import { Run } from "./run.js";
import type { Tokens } from "./tokens.js";
import type { Handler } from "./types.js";

export interface CoreOptions {
  connect: Connect;
  tokens: Tokens;
  handlers: Map<string, Handler>;
  concurrency: number;
  finishMs: number;
  drainMs: number;
  clock: Clock;
  log: Log;
}

/** The worker without sockets and signals: what it holds, and what it says to the server. */
export class Core implements LineOwner {
  readonly #options: CoreOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #line: Line;
  readonly #claims: Claims;
  /** By lease. */
  readonly #runs = new Map<string, Run>();
  readonly #ended: Promise<void>;
  #end!: (error?: WorkerError) => void;
  #onIdle: (() => void) | undefined;
  #draining = false;
  #stopped: Promise<void> | undefined;
  #renewTimer: unknown;

  constructor(options: CoreOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#line = new Line(options.connect, options.tokens, this, options.clock, options.log);
    this.#claims = new Claims({
      line: this.#line,
      types: [...options.handlers.keys()],
      free: () => (this.#draining ? 0 : options.concurrency - this.#runs.size),
      take: (job) => this.#take(job),
      asked: () => this.#checkIdle(),
      fatal: (error) => this.fatal(error),
      clock: options.clock,
      log: options.log,
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#end = (error) => (error ? reject(error) : resolve());
    });
    this.#ended.catch(() => {});
  }

  get running(): number {
    return this.#runs.size;
  }

  /** Resolves when it has stopped; rejects with a WorkerError. */
  run(): Promise<void> {
    if (!this.#draining) this.#line.open();
    return this.#ended;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    return this.#stopped;
  }

  // ---- The line ----

  async welcomed(): Promise<void> {
    await this.#renew();
  }

  ready(): void {
    this.#log({ level: "info", message: "connected" });
    this.#renewLater();
    this.#claims.connected();
  }

  event(name: string, arg: unknown): void {
    if (name === "work") this.#claims.ask();
    if (name === "stop") this.#onStop((arg ?? {}) as { lease?: string; reason?: string });
    if (name === "server:shutdown") this.#log({ level: "info", message: "the server restarts" });
  }

  fatal(error: WorkerError): void {
    this.#log({ level: "error", message: error.message });
    this.#close();
    this.#end(error);
  }

  // ---- Jobs ----

  #take(claimed: ClaimedJob): void {
    const handler = this.#options.handlers.get(claimed.type);
    if (!handler) return this.#log({ level: "error", message: `claimed a job of type ${claimed.type}, which nobody asked for` });
    // Who is given a job anew has lost it before.
    for (const run of this.#runs.values()) if (run.claimed.job === claimed.job) run.stop("fenced");
    const run = new Run(claimed, handler, this.#line, this.#clock, this.#log);
    this.#runs.set(claimed.lease, run);
    if (this.#draining) run.stop("drain");
    void run.execute().then(() => this.#onRunEnd(claimed.lease));
  }

  #onRunEnd(lease: string): void {
    this.#runs.delete(lease);
    this.#checkIdle();
    this.#claims.ask();
  }

  #onStop({ lease, reason }: { lease?: string; reason?: string }): void {
    const run = this.#runs.get(lease ?? "");
    run?.stop(reason === "cancelled" ? "cancelled" : "fenced");
  }

  // ---- Leases ----

  async #renew(): Promise<void> {
    const held = [...this.#runs.values()].filter((run) => run.held);
    if (held.length === 0) return;
    const leases = held.map(({ claimed: { job, lease } }) => [job, lease]);
    const { lost } = await this.#line.attempt("renew", { leases });
    for (const { job, code } of (lost ?? []) as { job: string; code: string }[]) {
      for (const run of held) if (run.claimed.job === job) run.stop(code === "job_ended" ? "cancelled" : "fenced");
    }
  }

  #renewLater(): void {
    this.#clock.clearTimeout(this.#renewTimer);
    const { renewMs } = this.#line.welcome;
    const due = this.#clock.now() + renewMs;
    this.#renewTimer = this.#clock.setTimeout(() => void this.#renewNow(due), renewMs);
  }

  async #renewNow(due: number): Promise<void> {
    const late = this.#clock.now() - due;
    if (late > this.#line.welcome.leaseMs / 3 && this.#runs.size > 0) {
      const message = `leases are renewed ${Math.round(late)} ms late: the process stood still, or something blocks its event loop (long work belongs in a worker_thread)`;
      this.#log({ level: "warn", message });
    }
    try {
      if (this.#line.isReady) await this.#renew();
    } catch (error) {
      if (!(error instanceof LineDown)) this.#log({ level: "error", message: "leases could not be renewed", error });
    }
    if (this.#line.isReady) this.#renewLater();
  }

  // ---- The end ----

  async #drain(): Promise<void> {
    this.#draining = true;
    const { finishMs, drainMs } = this.#options;
    if (finishMs > 0) await this.#idle(finishMs);
    for (const run of this.#runs.values()) run.stop("drain");
    await this.#idle(drainMs);
    this.#close();
    this.#end();
  }

  /** Until no job is running, or that time has passed. */
  async #idle(millis: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, millis);
      this.#onIdle = () => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
      this.#checkIdle();
    });
    this.#onIdle = undefined;
  }

  /** A claim on its way may still bring jobs. */
  #checkIdle(): void {
    if (this.#runs.size === 0 && !this.#claims.asking) this.#onIdle?.();
  }

  #close(): void {
    this.#draining = true;
    for (const run of this.#runs.values()) run.abandon();
    this.#clock.clearTimeout(this.#renewTimer);
    this.#claims.close();
    this.#line.close();
  }
}
