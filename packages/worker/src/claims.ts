import type { Clock } from "./clock.js";
import { WorkerError } from "./errors.js";
import { LineDown, type Line } from "./line.js";
import type { Log } from "./log.js";
import { kMaxClaim, type ClaimedJob } from "./protocol.js";

/** `work` is a hint only; this finds what it missed. */
const kAskMillis = 5_000;

export interface ClaimsOptions {
  line: Line;
  types: string[];
  /** Places that no job has. */
  free: () => number;
  take: (job: ClaimedJob) => void;
  /** No claim is on its way any more. */
  asked: () => void;
  fatal: (error: WorkerError) => void;
  clock: Clock;
  log: Log;
}

/** Asks for jobs while there are free places: one claim at a time, never for more than there is room. */
export class Claims {
  readonly #options: ClaimsOptions;
  #types: string[] = [];
  #asking = false;
  #again = false;
  #complaint = "";
  #timer: unknown;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  get asking(): boolean {
    return this.#asking;
  }

  /** The line is ready, and what the token allows may be new. */
  connected(): void {
    const { line, types, fatal, log } = this.#options;
    const allowed = line.welcome.types;
    this.#types = types.filter((type) => allowed.includes("*") || allowed.includes(type));
    const missing = types.filter((type) => !this.#types.includes(type));
    const sentence = `the token allows only: ${allowed.join(", ")}; \`hawser token --worker NAME --type TYPE\` makes another`;
    if (this.#types.length === 0) return fatal(new WorkerError(`There is no handler for a type of job that ${sentence}.`));
    if (missing.length > 0) log({ level: "warn", message: `no jobs will come for ${missing.join(", ")}: ${sentence}` });
    this.ask();
  }

  /** There may be something to claim. */
  ask(): void {
    this.#again = true;
    if (!this.#asking) void this.#ask();
  }

  close(): void {
    this.#types = [];
    this.#options.clock.clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    const { clock, asked } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#asking = true;
    try {
      while (this.#again) {
        this.#again = false;
        await this.#claim();
      }
    } catch (error) {
      this.#complain(error);
    } finally {
      this.#asking = false;
      asked();
    }
    if (this.#types.length > 0) this.#timer = clock.setTimeout(() => this.ask(), kAskMillis);
  }

  /** Once for each sentence: it is asked again all the time. */
  #complain(error: unknown): void {
    const message = `no jobs can be claimed: ${(error as Error).message}`;
    if (error instanceof LineDown || message === this.#complaint) return;
    this.#complaint = message;
    this.#options.log({ level: "error", message });
  }

  async #claim(): Promise<void> {
    const { line, free, take } = this.#options;
    const max = Math.min(free(), kMaxClaim);
    if (max <= 0 || !line.isReady) return;
    const { jobs } = await line.attempt("claim", { max, types: this.#types }, () => {
      if (free() < max) throw new LineDown("There is no free place any more.");
    });
    this.#complaint = "";
    const claimed = (Array.isArray(jobs) ? jobs : []) as ClaimedJob[];
    if (claimed.length === max) this.#again = true;
    for (const job of claimed) take(job);
  }
}
