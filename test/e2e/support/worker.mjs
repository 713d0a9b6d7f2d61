// A real `hawser worker` process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { within } from "./client.mjs";
import { program } from "./server.mjs";

const startMillis = 60_000;

export class Worker {
  /**
   * @param {import("./server.mjs").Server} server whose settings and secret it shares
   * @param {{name?: string, url?: string, args?: string[]}} options `url` when it is not the server's own
   */
  constructor(server, { name = "worker", url = server.url, args = [] } = {}) {
    this.server = server;
    this.args = ["worker", "--config", server.configFile, "--name", name, "--url", url, ...args];
    this.child = null;
    this.log = "";
  }

  static async start(server, options) {
    const worker = new this(server, options);
    await worker.start();
    return worker;
  }

  get pid() {
    return this.child.pid;
  }

  /** Resolves once it is connected. */
  async start() {
    const child = spawn(program, this.args, { env: this.server.env, stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    this.exited = once(child, "exit");
    child.stderr.on("data", (bytes) => (this.log = (this.log + bytes).slice(-20_000)));
    const ready = new Promise((resolve, reject) => {
      child.once("exit", (code, signal) => reject(new Error(`the worker ended with ${code ?? signal}\n${this.log}`)));
      createInterface({ input: child.stdout }).on("line", (line) => /^hawser: worker .* ready/.test(line) && resolve());
    });
    await within(ready, "worker", startMillis);
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

  async crash() {
    await this.kill();
    await this.start();
  }

  /** Stops it as a hung machine stops, and lets it go on. */
  signal(name) {
    this.child.kill(name);
  }

  async dispose() {
    if (this.child) await this.kill();
  }
}
