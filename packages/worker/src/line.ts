import { backoff, type Clock } from "./clock.js";
import { WorkerError } from "./errors.js";
import type { Log } from "./log.js";
import { answerOf, isWelcome, Refused, type Answer, type Welcome } from "./protocol.js";
import type { Tokens } from "./tokens.js";

/** One connection to the namespace. */
export interface Connection {
  /** `answer` gets the ack; it is not called when the connection ends first. */
  request(event: string, arg: unknown, answer: (ack: unknown) => void): void;
  close(): void;
}

export interface ConnectionListener {
  event(name: string, arg: unknown): void;
  /** The connection has ended. `refused`: the server said that it does not want this client. */
  down(reason: string, refused: boolean): void;
}

export type Connect = (token: string, listener: ConnectionListener) => Connection;

export interface LineOwner {
  /** A new connection is open: settle what the worker holds. Only then do waiting calls go on. */
  welcomed(): Promise<void>;
  ready(): void;
  event(name: string, arg: unknown): void;
  /** Nothing that is tried again can help. */
  fatal(error: WorkerError): void;
}

/** The connection a command went out on has ended; whether the command arrived is unknown. */
export class LineDown extends Error {}
/** And there will not be another: the worker has stopped. */
export class LineClosed extends LineDown {}

const kWelcomeMillis = 15_000;
/** Between two questions for a newer token. */
const kRefreshMillis = 5_000;
/** A connection that ends earlier counts as one that failed: whatever ended it may do so again. */
const kSteadyMillis = 5_000;
const kReconnectMillis = { first: 100, max: 3_000 };
const kRetryMillis = { first: 100, max: 5_000 };

/** The way to the server over one connection after the other. */
export class Line {
  readonly #connect: Connect;
  readonly #tokens: Tokens;
  readonly #owner: LineOwner;
  readonly #clock: Clock;
  readonly #log: Log;
  #state: "down" | "open" | "ready" | "closed" = "down";
  #connection: Connection | undefined;
  /** Counts connections, so that what an old one still says is told apart. */
  #turn = 0;
  #failures = 0;
  #readySince = Infinity;
  #complaint = "";
  #refreshedAt = -Infinity;
  #timer: unknown;
  #welcome: Welcome | undefined;
  readonly #pending = new Set<(error: Error) => void>();
  readonly #sleepers = new Set<() => void>();

  constructor(connect: Connect, tokens: Tokens, owner: LineOwner, clock: Clock, log: Log) {
    this.#connect = connect;
    this.#tokens = tokens;
    this.#owner = owner;
    this.#clock = clock;
    this.#log = log;
  }

  /** What the server said last; present once there was a connection. */
  get welcome(): Welcome {
    if (!this.#welcome) throw new LineDown("There was no connection yet.");
    return this.#welcome;
  }

  get isReady(): boolean {
    return this.#state === "ready";
  }

  open(): void {
    void this.#dial("get");
  }

  close(): void {
    this.#state = "closed";
    this.#drop(new LineClosed("The worker has stopped."));
  }

  /** Sends until it is answered, over as many connections as that takes. `check` throws when that is no longer wanted. */
  async call(event: string, arg: unknown, check: () => void = () => {}): Promise<Answer> {
    for (;;) {
      while (this.#state !== "ready") await this.#pause();
      check();
      try {
        return await this.attempt(event, arg, check);
      } catch (error) {
        if (!(error instanceof LineDown)) throw error;
      }
    }
  }

  /** The same over the present connection only. Throws LineDown when it ends, Refused for a refusal that stays. */
  async attempt(event: string, arg: unknown, check: () => void = () => {}): Promise<Answer> {
    for (let failures = 0; ; failures += 1) {
      check();
      try {
        return await this.#request(event, arg);
      } catch (error) {
        if (!(error instanceof Refused && error.temporary)) throw error;
        const pause = backoff(this.#clock, failures, kRetryMillis.first, kRetryMillis.max);
        this.#log({ level: "debug", message: `${event} was refused for now: ${error.message}` });
        await this.#pause(Math.max(pause, error.retryAfterMs ?? 0));
      }
    }
  }

  #request(event: string, arg: unknown): Promise<Answer> {
    const connection = this.#connection;
    if (!connection || !this.#welcome || this.#state === "down") return Promise.reject(new LineDown("There is no connection."));
    const patience = (this.#welcome.leaseMs * 2) / 3;
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => this.#down(`no answer to ${event}`), patience);
      const settle = () => {
        this.#clock.clearTimeout(timer);
        this.#pending.delete(fail);
      };
      const fail = (error: Error) => {
        settle();
        reject(error);
      };
      this.#pending.add(fail);
      connection.request(event, arg, (ack) => {
        settle();
        try {
          resolve(answerOf(ack));
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /** Until the line has come up or gone down, or that time has passed. Throws LineClosed. */
  async #pause(millis?: number): Promise<void> {
    if (this.#state !== "closed") {
      await new Promise<void>((resolve) => {
        const timer = millis === undefined ? undefined : this.#clock.setTimeout(() => wake(), millis);
        const wake = () => {
          this.#clock.clearTimeout(timer);
          this.#sleepers.delete(wake);
          resolve();
        };
        this.#sleepers.add(wake);
      });
    }
    if ((this.#state as string) === "closed") throw new LineClosed("The worker has stopped.");
  }

  async #dial(how: "get" | "renew"): Promise<void> {
    const turn = this.#turn;
    const late = () => this.#down(this.#connection ? "no welcome from the server" : "no answer from `token`");
    this.#timer = this.#clock.setTimeout(late, kWelcomeMillis);
    try {
      const token = how === "renew" ? await this.#tokens.renew("refused") : await this.#tokens.get();
      if (turn === this.#turn) this.#connectWith(token, turn);
    } catch (error) {
      if (turn === this.#turn) this.#down("the token could not be had", error);
    }
  }

  #connectWith(token: string, turn: number): void {
    this.#connection = this.#connect(token, {
      event: (name, arg) => turn === this.#turn && this.#onEvent(name, arg),
      down: (reason, refused) => turn === this.#turn && (refused ? this.#onRefusal(reason) : this.#down(reason)),
    });
  }

  #onEvent(name: string, arg: unknown): void {
    if (name === "welcome") void this.#onWelcome(arg as Welcome);
    else if (name === "auth:expired") void this.#refresh(arg);
    else this.#owner.event(name, arg);
  }

  async #onWelcome(welcome: Welcome): Promise<void> {
    this.#clock.clearTimeout(this.#timer);
    if (!isWelcome(welcome)) {
      return this.#owner.fatal(new WorkerError("The server speaks another worker protocol than this package."));
    }
    this.#welcome = welcome;
    this.#state = "open";
    const turn = this.#turn;
    try {
      await this.#owner.welcomed();
    } catch (error) {
      if (turn === this.#turn) this.#down("the leases could not be renewed", error);
      return;
    }
    if (turn !== this.#turn) return;
    this.#readySince = this.#clock.now();
    this.#complaint = "";
    this.#state = "ready";
    this.#wake();
    this.#owner.ready();
  }

  #onRefusal(reason: string): void {
    if (!/^(Authentication|Invalid token)/.test(reason)) return this.#down(`the server refused: ${reason}`);
    if (!this.#tokens.fixed) return this.#down(`the server refused the token: ${reason}`, undefined, "renew");
    this.#owner.fatal(
      new WorkerError(
        `The server refused the token: ${reason}. A worker needs a token of its own that has not expired: ` +
          "`hawser token --worker NAME --type TYPE` makes one. Give `token` a function to renew it while running.",
      ),
    );
  }

  /** The connection has ended, or is taken for dead. */
  #down(reason: string, error?: unknown, how: "get" | "renew" = "get"): void {
    if (this.#clock.now() - this.#readySince >= kSteadyMillis) this.#failures = 0;
    this.#readySince = Infinity;
    const first = this.#failures === 0 && this.#state !== "down";
    this.#state = "down";
    this.#drop(new LineDown(reason));
    if (this.#complaint !== reason) this.#log({ level: first ? "info" : "warn", message: `not connected: ${reason}`, error });
    this.#complaint = reason;
    const lease = this.#welcome?.leaseMs ?? Infinity;
    const max = Math.min(kReconnectMillis.max, lease / 4);
    const pause = backoff(this.#clock, this.#failures, kReconnectMillis.first, max);
    this.#failures += 1;
    this.#timer = this.#clock.setTimeout(() => void this.#dial(how), pause);
  }

  #drop(error: Error): void {
    this.#turn += 1;
    this.#clock.clearTimeout(this.#timer);
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
    for (const fail of [...this.#pending]) fail(error);
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  async #refresh(arg: unknown): Promise<void> {
    if (this.#tokens.fixed) {
      const when = (arg as { expiresAt?: unknown } | undefined)?.expiresAt ?? "soon";
      const message = `the token expires (${String(when)}); give \`token\` a function so that it can be renewed`;
      return this.#log({ level: "warn", message });
    }
    // It comes again at once for a new token that is about to end as well.
    if (this.#clock.now() - this.#refreshedAt < kRefreshMillis) return;
    this.#refreshedAt = this.#clock.now();
    try {
      await this.attempt("auth:refresh", { token: await this.#tokens.renew("expiring") });
    } catch (error) {
      this.#log({ level: "warn", message: "the token could not be renewed", error });
    }
  }
}
