import type { Socket } from "socket.io-client";
import { isFailure, isJobEvent, startedJob, type Failure, type JobEvent } from "./protocol";

export interface JobRequest {
  query: string;
  /** Makes a repeated start harmless: an answer may be lost with the line. */
  key: string;
  jobId: string | null;
}

export interface StreamListener {
  onJobId(jobId: string): void;
  /** Everything of this job that arrives, in whatever order. */
  onDelivered(event: JobEvent): void;
  /** The gapless, ordered stream. */
  onEvent(name: string, event: JobEvent): void;
  onCaughtUp(): void;
  onFailure(failure: Failure): void;
}

const kHitsPerSecond = 100;
const kMaxHits = 10_000;

/**
 * Follows one search job over a line that may break at any time. The whole recovery is: remember the last
 * sequence, ask for the rest on every connect, and take an event only if it is the next one.
 */
export class JobStream {
  private last = 0;

  constructor(
    private readonly socket: Socket,
    private readonly request: JobRequest,
    private readonly listener: StreamListener,
  ) {
    socket.on("connect", this.begin);
    socket.on("sync:complete", this.synced);
    socket.onAny(this.receive);
    if (socket.connected) this.begin();
  }

  close(): void {
    this.socket.off("connect", this.begin);
    this.socket.off("sync:complete", this.synced);
    this.socket.offAny(this.receive);
  }

  cancel(): void {
    if (!this.request.jobId) return;
    this.socket.emit("cancel:job", this.request.jobId, this.report);
  }

  private readonly begin = (): void => {
    if (this.request.jobId) return this.sync(this.request.jobId);
    const { query, key } = this.request;
    const input = { query, limit: kMaxHits, ratePerSecond: kHitsPerSecond };
    const start = { type: "search", input, idempotencyKey: key };
    this.socket.emit("start:job", start, (answer: unknown) => {
      const jobId = startedJob(answer);
      if (!jobId) return this.report(answer);
      this.request.jobId = jobId;
      this.listener.onJobId(jobId);
      this.sync(jobId);
    });
  };

  private sync(jobId: string): void {
    this.socket.emit("reconnect:sync", { jobId, lastSequence: this.last }, this.report);
  }

  private readonly synced = (body: unknown): void => {
    if (startedJob(body) === this.request.jobId) this.listener.onCaughtUp();
  };

  private readonly receive = (name: string, event: unknown): void => {
    if (!isJobEvent(event) || event.jobId !== this.request.jobId) return;
    this.listener.onDelivered(event);
    if (event.sequence !== this.last + 1) return;
    this.last = event.sequence;
    this.listener.onEvent(name, event);
  };

  private readonly report = (answer: unknown): void => {
    if (isFailure(answer)) this.listener.onFailure(answer);
  };
}
