import type { Clock } from "./clock.js";
import { failureOf, PermanentError, type Failure, type StopReason } from "./errors.js";
import { RunOutput } from "./run_output.js";
import { LineClosed, type Line } from "./line.js";
import type { Log, LogEntry } from "./log.js";
import { payloadOf } from "./payload.js";
import { Refused, type Answer, type ClaimedJob, type From } from "./protocol.js";
import type { Handler, ResumePoint } from "./types.js";

/** A handler that has not returned so long after it was told to stop is worth a word. */
const kStubbornMillis = 10_000;
const kFroms: unknown[] = ["last_event", "checkpoint", "beginning"] satisfies From[];

type Outcome = { returned: unknown } | { threw: unknown };

/** Never doubles output: what the handler cannot be known to skip is withdrawn. */
function defaultPlan(job: ResumePoint): From {
  if (job.checkpoint !== undefined) return "checkpoint";
  return job.chunkCount === 0 ? "last_event" : "beginning";
}

/** What stands after a begin from there. */
function narrowed(job: ResumePoint, from: From): ResumePoint {
  if (from === "last_event") return job;
  if (from === "beginning" || job.checkpoint === undefined) return { ...job, chunkCount: 0, checkpoint: undefined };
  return { ...job, chunkCount: job.checkpointChunkCount };
}

function isGenerator(value: unknown): value is AsyncGenerator<unknown, unknown, void> {
  if (typeof value !== "object" || value === null || typeof (value as Iterator<unknown>).next !== "function") return false;
  return Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** One run of a job, from its claim to its end. */
export class Run {
  readonly claimed: ClaimedJob;
  readonly #handler: Handler;
  readonly #line: Line;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #output: RunOutput;
  #lost = false;
  #over = false;
  #stubborn: unknown;

  constructor(claimed: ClaimedJob, handler: Handler, line: Line, clock: Clock, log: Log) {
    this.claimed = claimed;
    this.#handler = handler;
    this.#line = line;
    this.#clock = clock;
    this.#log = log;
    this.#output = new RunOutput({
      limits: () => line.welcome,
      append: (from, events) => this.#append(from, events),
      checkpointEvery: Math.max(1, claimed.checkpointEvery),
      clock,
    });
  }

  /** The lease may still be ours. */
  get held(): boolean {
    return !this.#lost && !this.#over;
  }

  /** Asks the handler to stop. Unless the worker drains, the job is no longer ours and nothing more is written. */
  stop(reason: StopReason): void {
    if (this.#over || this.#lost) return;
    this.#lost = reason !== "drain";
    this.#output.stop(reason);
    if (!this.#lost) return;
    this.#output.close(this.#output.stopped!);
    this.#say("info", `stopped: ${reason}`);
    const message = "the handler has not returned since it was told to stop, and keeps its place; use `signal`";
    this.#stubborn = this.#clock.setTimeout(() => this.#say("warn", message), kStubbornMillis);
  }

  /** Leaves the job to its lease. */
  abandon(): void {
    if (!this.held) return;
    this.#lost = true;
    this.#output.stop("drain");
    this.#output.close(this.#output.stopped!);
    this.#say("warn", "not given back in time; it goes on elsewhere when its lease has run out");
  }

  /** Resolves when the handler has returned and the server knows; never rejects. */
  async execute(): Promise<void> {
    try {
      await this.#execute();
    } catch (error) {
      if (!this.#lost && !(error instanceof LineClosed)) await this.#giveUp(error);
    } finally {
      this.#over = true;
      this.#output.close(new Error("The run is over."));
      this.#clock.clearTimeout(this.#stubborn);
    }
  }

  async #execute(): Promise<void> {
    if (this.#output.stopped) return this.#release();
    let from: From;
    try {
      from = await this.#plan();
    } catch (error) {
      return this.#refuse(error);
    }
    await this.#command("begin", { from });
    this.#say("debug", `begun from ${from}`);
    if (this.#output.stopped) return this.#lost ? undefined : this.#release();
    await this.#settle(await this.#handle(from));
  }

  async #plan(): Promise<From> {
    const job = this.#resumePoint();
    if (!this.claimed.hasBegun) return "last_event";
    const from = await (this.#handler.plan ?? defaultPlan)(job);
    if (!kFroms.includes(from)) throw new PermanentError(`The plan answered ${String(from)}.`);
    return from;
  }

  #resumePoint(): ResumePoint {
    const { job, type, user, input, attempt, resumed, chunkCount, checkpoint, checkpointChunkCount } = this.claimed;
    return { id: job, type, user, input, attempt, resumed, chunkCount, checkpoint, checkpointChunkCount };
  }

  /** The job fails without another run. One that was resumed has to begin first, and keeps what it has. */
  async #refuse(error: unknown): Promise<void> {
    if (this.claimed.resumed) await this.#command("begin", { from: "last_event" });
    await this.#finish({ ...failureOf(error), retryable: false }, error);
  }

  async #handle(from: From): Promise<Outcome> {
    try {
      const running: unknown = this.#handler.run(narrowed(this.#resumePoint(), from), this.#output.context);
      return { returned: isGenerator(running) ? await this.#drive(running) : await running };
    } catch (threw) {
      return { threw };
    }
  }

  async #drive(generator: AsyncGenerator<unknown, unknown, void>): Promise<unknown> {
    for (;;) {
      const step = await generator.next();
      if (step.done) return step.value;
      try {
        await this.#output.yielded(step.value);
      } catch (error) {
        const last = await generator.throw(error);
        if (last.done) return last.value;
        // It was told, and goes on.
        await generator.return(undefined);
        throw error;
      }
    }
  }

  async #settle(outcome: Outcome): Promise<void> {
    if (this.#lost) return;
    if (this.#output.broken) return this.#fail(this.#output.broken);
    if (this.#output.stopped && !this.#isDone(outcome)) {
      await this.#flush();
      return this.#release();
    }
    return "threw" in outcome ? this.#fail(outcome.threw) : this.#complete(outcome.returned);
  }

  /** Of a run in a draining worker: it came to its end, and did not only stop. */
  #isDone(outcome: Outcome): boolean {
    if ("threw" in outcome) return outcome.threw instanceof PermanentError;
    return outcome.returned !== undefined || !this.#output.noticed;
  }

  async #complete(returned: unknown): Promise<void> {
    let result: unknown;
    try {
      result = payloadOf(returned ?? null, "result", this.#line.welcome.maxEventBytes).value;
    } catch (error) {
      return this.#fail(error);
    }
    await this.#flush();
    if (this.#output.broken) return this.#finish(failureOf(this.#output.broken), this.#output.broken);
    await this.#command("finish", { result });
    this.#say("debug", "completed");
  }

  async #fail(error: unknown): Promise<void> {
    await this.#flush();
    const cause = this.#output.broken ?? error;
    await this.#finish(failureOf(cause), cause);
  }

  async #finish(failure: Failure, cause: unknown): Promise<void> {
    const { state } = await this.#command("finish", failure);
    const how = state === "failed" ? "failed" : "failed, and will be tried again";
    this.#say("warn", `${how}: ${failure.error.message}`, cause);
  }

  /** What was written before a rule was broken need not be waited for: a repeat could not bring it. */
  async #flush(): Promise<void> {
    try {
      await this.#output.flush();
    } catch (error) {
      if (!this.#output.broken) throw error;
    }
  }

  async #release(): Promise<void> {
    await this.#command("release", {});
    this.#say("info", "given back; it goes on elsewhere");
  }

  async #append(from: number, events: unknown[]): Promise<Answer> {
    try {
      return await this.#command("append", { from, events });
    } catch (error) {
      if (!(error instanceof Refused) || this.#lost) throw error;
      throw new PermanentError(`The server refused the job's output: ${error.message}`, { cause: error });
    }
  }

  async #command(event: string, arg: object): Promise<Answer> {
    const { job, lease } = this.claimed;
    const check = () => {
      if (this.#lost) throw this.#output.stopped;
    };
    try {
      return await this.#line.call(event, { job, lease, ...arg }, check);
    } catch (error) {
      if (error instanceof Refused && error.jobLost) this.stop(error.code === "job_ended" ? "cancelled" : "fenced");
      throw error;
    }
  }

  /** The server does not take what the protocol allows. */
  async #giveUp(error: unknown): Promise<void> {
    this.#say("error", "given back after an error that should not be", error);
    try {
      await this.#release();
    } catch {
      // It is left to its lease.
    }
  }

  #say(level: LogEntry["level"], message: string, error?: unknown): void {
    const { job, type } = this.claimed;
    this.#log({ level, message, job, type, ...(error === undefined ? {} : { error }) });
  }
}
