// Messages of docs/worker-protocol.md.

export interface Welcome {
  worker: string;
  types: string[];
  leaseMs: number;
  renewMs: number;
  maxEventBytes: number;
  window: { events: number; bytes: number };
}

export function isWelcome(welcome: Welcome | undefined): boolean {
  const { types, leaseMs, renewMs, maxEventBytes, window } = welcome ?? ({} as Partial<Welcome>);
  const numbers = [leaseMs, renewMs, maxEventBytes, window?.events, window?.bytes];
  return Array.isArray(types) && numbers.every((number) => typeof number === "number" && number > 0);
}

/** A job as `claim` hands it out. */
export interface ClaimedJob {
  job: string;
  lease: string;
  epoch: number;
  type: string;
  user: string;
  input: unknown;
  attempt: number;
  resumed: boolean;
  hasBegun: boolean;
  chunkCount: number;
  checkpoint?: unknown;
  checkpointChunkCount: number;
  lastSequence: number;
  checkpointEvery: number;
}

export type From = "last_event" | "checkpoint" | "beginning";
export type EventKind = "chunk" | "progress" | "checkpoint";
export type Answer = Record<string, unknown>;

/** Jobs in one `claim`. */
export const kMaxClaim = 64;
/** Jobs that one worker may hold, and leases in one `renew`. */
export const kMaxRenew = 1000;

const kTemporary = new Set(["overloaded", "storage_full", "rate_limited", "shutting_down"]);
const kJobLost = new Set(["fenced", "job_ended", "output_limit", "not_found", "unauthorized"]);

/** The server's `{error, code, retryAfter?}`. */
export class Refused extends Error {
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, code: string, retryAfter?: unknown) {
    super(message);
    this.name = "Refused";
    this.code = code;
    this.retryAfterMs = typeof retryAfter === "number" && retryAfter >= 0 ? retryAfter * 1000 : undefined;
  }

  /** The same command may be sent again after a while. */
  get temporary(): boolean {
    return kTemporary.has(this.code);
  }

  /** Of a command on a job: it is not, or no longer, this worker's. */
  get jobLost(): boolean {
    return kJobLost.has(this.code);
  }
}

/** The answer in an ack. Throws Refused. */
export function answerOf(ack: unknown): Answer {
  if (typeof ack !== "object" || ack === null) throw new Refused("The server's answer is not an object.", "internal");
  const answer = ack as Answer;
  if (answer.error !== undefined) throw new Refused(String(answer.error), String(answer.code ?? "internal"), answer.retryAfter);
  return answer;
}
