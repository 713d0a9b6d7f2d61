import { WorkerError } from "./errors.js";

/** `connect`: the first one. `expiring`: the present one is about to end. `refused`: the server does not take it. */
export type TokenReason = "connect" | "expiring" | "refused";
export type TokenSource = string | ((request: { reason: TokenReason }) => string | Promise<string>);

/** The worker's token, asked for when it is needed and kept until it is refused or ends. */
export class Tokens {
  readonly #source: TokenSource;
  #token: string | undefined;

  constructor(source: TokenSource) {
    this.#source = source;
  }

  /** There is no other token to be had. */
  get fixed(): boolean {
    return typeof this.#source === "string";
  }

  async get(): Promise<string> {
    return this.#token ?? this.renew("connect");
  }

  async renew(reason: TokenReason): Promise<string> {
    const token = typeof this.#source === "string" ? this.#source : await this.#source({ reason });
    if (typeof token !== "string" || token === "") throw new WorkerError("`token` answered no text.");
    this.#token = token;
    return token;
  }
}
