import { realClock } from "./clock.js";
import { Core } from "./core.js";
import { defaultLog, guarded } from "./log.js";
import { kMaxRenew } from "./protocol.js";
import { withSignals } from "./signals.js";
import { socketConnect } from "./socket_connection.js";
import { Tokens } from "./tokens.js";
import type { Handler, JobShapes, Run, Worker, WorkerOptions } from "./types.js";

/** As many jobs as one worker may hold. */
const kConcurrencyRule = `\`concurrency\` must be an integer from 1 to ${kMaxRenew}.`;

function demand(condition: boolean, sentence: string): void {
  if (!condition) throw new TypeError(`createWorker: ${sentence}`);
}

function handlerOf(type: string, given: unknown): Handler {
  const handler = typeof given === "function" ? { run: given as Run } : (given as Handler | undefined);
  const message = `the handler of ${type} must be a function, or an object with a function \`run\` and perhaps one \`plan\`.`;
  demand(typeof handler?.run === "function", message);
  demand(handler!.plan === undefined || typeof handler!.plan === "function", message);
  return { run: handler!.run.bind(handler), ...(handler!.plan && { plan: handler!.plan.bind(handler) }) };
}

function isMillis(value: number): boolean {
  return value >= 0 && Number.isFinite(value);
}

/** A worker, not yet connected: `await worker.run()`. Throws TypeError for options that cannot be meant. */
export function createWorker<T extends { [K in keyof T]: JobShapes[string] } = Record<string, any>>(
  options: WorkerOptions<T>,
): Worker {
  const { url, token, concurrency = 1, finishMs = 0, drainMs = 10_000, handleSignals = true, socketOptions = {} } = options;
  const handlers = new Map(Object.entries(options.handlers ?? {}).map(([type, given]) => [type, handlerOf(type, given)]));
  demand(/^https?:\/\/./.test(url), "`url` must be the server's address, for example http://127.0.0.1:3000.");
  demand(typeof token === "function" || (typeof token === "string" && token !== ""), "`token` must be a text or a function.");
  demand(handlers.size > 0, "`handlers` must name at least one type of job.");
  demand(Number.isInteger(concurrency) && concurrency > 0 && concurrency <= kMaxRenew, kConcurrencyRule);
  demand(isMillis(finishMs) && isMillis(drainMs), "`finishMs` and `drainMs` must be milliseconds.");
  const log = guarded(options.log ?? defaultLog);
  const connect = socketConnect(url, socketOptions);
  const tokens = new Tokens(token);
  const core = new Core({ connect, tokens, handlers, concurrency, finishMs, drainMs, clock: realClock, log });
  return {
    run: () => (handleSignals ? withSignals(core.run(), () => core.stop(), log) : core.run()),
    stop: () => core.stop(),
    get running() {
      return core.running;
    },
  };
}
