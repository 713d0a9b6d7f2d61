// A real `hawser serve` process with a data directory of its own.

import { execFileSync, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../../", import.meta.url));
export const program = process.env.HAWSER_BIN ?? join(root, "build/release/hawser");
export const loops = process.env.HAWSER_TEST_LOOPS ?? "1";
const startMillis = 60_000;

/** The environment of a program under test: nothing that is set on the machine may change what it does. */
function cleanEnvironment(extra) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(HAWSER_.*|PORT|JWT_SECRET|REDIS_URL|CLIENT_URL)$/.test(name),
  );
  return { ...Object.fromEntries(kept), ...extra };
}

/**
 * For tests that cut lines in the middle of an upgrade. The client library has paused polling by then, and when the new
 * WebSocket breaks in that moment it never polls again: only its ping timeout, 85 s by default, wakes it.
 */
export const briskHeartbeat = "[engine]\nping_interval_ms = 1000\nping_timeout_ms = 2000\n";

export class Server {
  /**
   * @param {{args?: string[], config?: string, env?: Record<string, string>, dev?: boolean, loops?: string,
   *   wrapper?: string[]}} options
   *   `config` is TOML text, `wrapper` a command that becomes the program.
   */
  constructor({ args = [], config = "", env = {}, dev = true, loops: count = loops, wrapper = [] } = {}) {
    this.wrapper = wrapper;
    this.directory = mkdtempSync(join(tmpdir(), "hawser-test-"));
    this.log = join(this.directory, "server.log");
    this.port = 0;
    this.scheme = "http";
    this.child = null;
    this.tokens = new Map();
    this.configFile = join(this.directory, "hawser.toml");
    writeFileSync(this.configFile, config);
    this.env = cleanEnvironment({ ...env, HAWSER_DATA_DIR: join(this.directory, "data") });
    this.args = ["serve", "--config", this.configFile, "--host", "127.0.0.1", "--loops", count, ...args];
    this.args.push("--static", join(root, "apps/demo/dist"));
    if (dev) this.args.push("--dev");
  }

  static async start(options) {
    const server = new this(options);
    try {
      await server.start();
    } catch (error) {
      await server.dispose();
      throw error;
    }
    return server;
  }

  get url() {
    return `${this.scheme}://127.0.0.1:${this.port}`;
  }

  get pid() {
    return this.child.pid;
  }

  /** Resolves once it accepts connections. A later start uses the same port and data. */
  async start() {
    const [command, ...words] = [...this.wrapper, program, ...this.args, "--port", String(this.port)];
    const child = spawn(command, words, {
      env: this.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    this.exited = once(child, "exit");
    child.stderr.on("data", (bytes) => appendFileSync(this.log, bytes));
    this.port = await this.#readyPort(child);
  }

  #readyPort(child) {
    return new Promise((resolve, reject) => {
      const refuse = (why) => reject(new Error(`${program} ${why}\n${this.logText()}`));
      const timer = setTimeout(() => refuse("was not ready in time"), startMillis);
      const settle = (action) => {
        clearTimeout(timer);
        child.off("close", onExit);
        action();
      };
      const onExit = (code, signal) => settle(() => refuse(`ended with ${code ?? signal} before it was ready`));
      child.once("close", onExit);
      child.once("error", (error) => settle(() => reject(error)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        const ready = /^hawser: ready at (https?):\/\/.*:(\d+)/.exec(line);
        if (!ready) return;
        this.scheme = ready[1];
        settle(() => resolve(Number(ready[2])));
      });
    });
  }

  logText() {
    try {
      return readFileSync(this.log, "utf8").slice(-4000);
    } catch {
      return "";
    }
  }

  /** Sends a signal and resolves with what the process ended with. */
  async end(signal) {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    const [code, by] = await this.exited;
    return { code, signal: by };
  }

  kill() {
    return this.end("SIGKILL");
  }

  /** kill -9 and start again on the same data. */
  async crash() {
    await this.kill();
    await this.start();
  }

  /** For tests' `after`: ends the process whatever state it is in, and removes its directory. */
  async dispose() {
    if (this.child) await this.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A token that `hawser token` mints. */
  token(user) {
    if (!this.tokens.has(user)) this.tokens.set(user, this.command(["token", "--user", user]).trim());
    return this.tokens.get(user);
  }

  command(args) {
    return execFileSync(program, args, { env: this.env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  /** A number of /proc/<pid>/status, in KiB: "VmRSS", "VmHWM". */
  memory(field) {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)[1]);
  }
}

/** A JSON Web Token that we sign ourselves, to say things that `hawser token` would not. */
export function signToken(secret, claims, algorithm = "HS256") {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: algorithm, typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac(algorithm.replace("HS", "sha"), secret).update(text).digest("base64url")}`;
}
