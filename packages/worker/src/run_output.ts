import type { Clock } from "./clock.js";
import { JobStopped, PermanentError, type StopReason } from "./errors.js";
import { Outbox } from "./outbox.js";
import { payloadOf } from "./payload.js";
import { ProgressGate } from "./progress_gate.js";
import type { EventKind, Welcome } from "./protocol.js";
import type { JobContext, Progress } from "./types.js";

/** Events that find no room are kept up to here; more come from a handler that does not wait. */
const kMaxWaiting = 10_000;
const kDoesNotWait = `${kMaxWaiting} events of the job wait to be sent: its handler has to \`await\` what emit returns.`;

/** Whoever does not wait for a promise of ours must not end the process by that. */
function quiet(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

function withPercentage(progress: unknown): unknown {
  const { current, total, percentage } = (progress ?? {}) as Partial<Progress>;
  if (typeof current !== "number" || typeof total !== "number" || percentage !== undefined) return progress;
  const share = total > 0 ? Math.round((100 * current) / total) : 0;
  return { ...(progress as Progress), percentage: Math.max(0, Math.min(100, share)) };
}

export interface OutputOptions {
  limits: () => Welcome;
  append: (from: number, events: [EventKind, unknown][]) => Promise<unknown>;
  checkpointEvery: number;
  clock: Clock;
}

/** What the handler of one run may do: its output and its signal. */
export class RunOutput {
  readonly #limits: () => Welcome;
  readonly #outbox: Outbox;
  readonly #progress: ProgressGate<{ value: unknown; bytes: number }>;
  readonly #abort = new AbortController();
  readonly #checkpointEvery: number;
  #state: (() => unknown) | undefined;
  #chunksSinceCheckpoint = 0;
  #stopped: JobStopped | undefined;
  #broken: PermanentError | undefined;
  #noticed = false;
  readonly context: JobContext;

  constructor({ limits, append, checkpointEvery, clock }: OutputOptions) {
    this.#limits = limits;
    this.#checkpointEvery = checkpointEvery;
    this.#outbox = new Outbox(() => limits().window, (from, events) => this.#append(append, from, events));
    this.#progress = new ProgressGate(clock, ({ value, bytes }) => this.#outbox.tryPush("progress", value, bytes));
    this.context = this.#makeContext();
  }

  /** Why the run has to stop. */
  get stopped(): JobStopped | undefined {
    return this.#stopped;
  }

  /** The first rule the handler broke, which fails the job whatever it returns. */
  get broken(): PermanentError | undefined {
    return this.#broken;
  }

  /** The handler may know that it has to stop. */
  get noticed(): boolean {
    return this.#noticed;
  }

  /** Tells the handler. */
  stop(reason: StopReason): void {
    this.#stopped ??= new JobStopped(reason);
    this.#abort.abort(this.#stopped);
  }

  /** Nothing more is written. */
  close(error: Error): void {
    this.#progress.takeLast();
    this.#outbox.close(error);
  }

  /** A chunk of a generator. One that has to stop is told here, and the chunk is not written. */
  async yielded(chunk: unknown): Promise<void> {
    if (this.#stopped) {
      this.#noticed = true;
      throw this.#stopped;
    }
    await this.#emit(chunk);
  }

  /** Everything is on disk, the last progress too. */
  async flush(): Promise<void> {
    const last = this.#progress.takeLast();
    if (last) await this.#outbox.push("progress", last.progress.value, last.progress.bytes);
    await this.#outbox.flushed();
  }

  #makeContext(): JobContext {
    const signal = () => {
      this.#noticed = true;
      return this.#abort.signal;
    };
    return {
      get signal() {
        return signal();
      },
      emit: (chunk) => quiet(this.#emit(chunk)),
      progress: (progress) => this.#offer(progress),
      checkpoint: (state) => quiet(this.#checkpoint(state).then(() => this.#outbox.flushed())),
      checkpointWith: (state) => void (this.#state = state),
    };
  }

  #emit(chunk: unknown): Promise<void> {
    const pushed = this.#push("chunk", chunk);
    this.#chunksSinceCheckpoint += 1;
    if (!this.#state || this.#chunksSinceCheckpoint < this.#checkpointEvery) return pushed;
    return Promise.all([pushed, this.#timedCheckpoint(this.#state)]).then(() => {});
  }

  /** The state is asked for before anything is waited for: the handler may be further when the chunk has found room. */
  async #timedCheckpoint(state: () => unknown): Promise<void> {
    await this.#checkpoint(state());
  }

  #checkpoint(state: unknown): Promise<void> {
    this.#chunksSinceCheckpoint = 0;
    return this.#push("checkpoint", state);
  }

  #push(kind: EventKind, payload: unknown): Promise<void> {
    try {
      if (this.#outbox.waiting >= kMaxWaiting) throw new PermanentError(kDoesNotWait);
      const { value, bytes } = payloadOf(payload, kind, this.#limits().maxEventBytes);
      return this.#outbox.push(kind, value, bytes);
    } catch (error) {
      return Promise.reject(this.#break(error as PermanentError));
    }
  }

  #offer(progress: unknown): void {
    try {
      this.#progress.offer(payloadOf(withPercentage(progress), "progress", this.#limits().maxEventBytes));
    } catch (error) {
      throw this.#break(error as PermanentError);
    }
  }

  /** A chunk is missing from here on, so nothing may follow. */
  #break(error: PermanentError): PermanentError {
    this.#broken ??= error;
    this.close(error);
    return error;
  }

  async #append(append: OutputOptions["append"], from: number, events: [EventKind, unknown][]): Promise<unknown> {
    try {
      return await append(from, events);
    } catch (error) {
      if (error instanceof PermanentError) this.#break(error);
      throw error;
    }
  }
}
