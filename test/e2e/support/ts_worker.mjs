// A worker of packages/worker as a process of its own: ts_worker_process.mjs, or an example of the package.

import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { within } from "./client.mjs";
import { root } from "./server.mjs";

export class TsWorker {
  /**
   * @param {import("./server.mjs").Server} server who makes its token
   * @param {{name?: string, url?: string, program?: string, settings?: object}} options
   */
  static async start(server, { name = "worker", url = server.url, program = "test/e2e/support/ts_worker_process.mjs", settings = {} } = {}) {
    const token = server.command(["token", "--worker", name, "--type", "numbers", "--type", "count"]).trim();
    const worker = new TsWorker();
    worker.messages = [];
    worker.watchers = new Set();
    worker.errors = "";
    worker.child = fork(join(root, program), {
      env: { ...process.env, HAWSER_URL: url, HAWSER_TOKEN: token, WORKER_SETTINGS: JSON.stringify(settings) },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    worker.exited = once(worker.child, "exit");
    worker.child.stderr.on("data", (bytes) => (worker.errors = (worker.errors + bytes).slice(-10_000)));
    worker.child.on("message", (message) => {
      worker.messages.push(message);
      for (const watcher of [...worker.watchers]) watcher();
    });
    return worker;
  }

  get pid() {
    return this.child.pid;
  }

  /** Resolves with the first of what the process has told that `match` accepts. */
  told(match, what) {
    let watcher;
    const found = new Promise((resolve, reject) => {
      watcher = () => {
        const message = this.messages.find(match);
        if (message) resolve(message);
      };
      this.watchers.add(watcher);
      this.child.once("exit", (code, signal) => reject(new Error(`the worker ended with ${code ?? signal}\n${this.errors}`)));
      watcher();
    });
    return within(found, () => `${what}; the worker said ${JSON.stringify(this.messages.slice(-20))}\n${this.errors}`).finally(() =>
      this.watchers.delete(watcher),
    );
  }

  connected() {
    return this.told(({ log }) => log === "connected", "connection");
  }

  signal(name) {
    this.child.kill(name);
  }

  /** Sends a signal, if one is given, and resolves with what the process ended with. */
  async end(name) {
    if (name && this.child.exitCode === null && this.child.signalCode === null) this.child.kill(name);
    const [code, signal] = await within(this.exited, "end of the worker");
    return { code, signal };
  }
}
