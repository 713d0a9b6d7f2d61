// A data directory on a small disk of its own, in a mount namespace that ends with the test.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { within } from "./client.mjs";

const kBlock = 64 * 1024;

export class Disk {
  /** Mounts a tmpfs of that size over `directory`, for `wrapper` commands only. */
  static async mount(directory, mebibytes) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const disk = new Disk();
    disk.directory = directory;
    const script = `mount -t tmpfs -o size=${mebibytes}m,mode=0700 tmpfs "$0" && echo mounted && exec sleep infinity`;
    const keeper = spawn("unshare", ["--mount", "sh", "-c", script, directory], { stdio: ["ignore", "pipe", "pipe"] });
    disk.keeper = keeper;
    let complaint = "";
    keeper.stderr.on("data", (bytes) => (complaint += bytes));
    const mounted = once(createInterface({ input: keeper.stdout }), "line").then(() => true);
    // There is no other way to a disk that fills up, so this is a failure and not a skip.
    const ended = once(keeper, "close").then(() => false);
    if (!(await within(Promise.race([mounted, ended]), "mount"))) {
      throw new Error(`this test makes a mount namespace (unshare --mount), which is not permitted here: ${complaint}`);
    }
    return disk;
  }

  /** A command that runs another one where the disk is mounted, and becomes it. */
  get wrapper() {
    return ["nsenter", `--target=${this.keeper.pid}`, "--mount", "--"];
  }

  /** Where this process finds the files. */
  get path() {
    return `/proc/${this.keeper.pid}/root${this.directory}`;
  }

  get freeBytes() {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Leaves that much room. */
  fill(bytesLeft) {
    this.free();
    const excess = Math.max(0, this.freeBytes - bytesLeft);
    for (let size = excess; size > 0; size -= kBlock) {
      try {
        writeFileSync(join(this.path, "filler"), Buffer.alloc(Math.min(size, kBlock)), { flag: "a" });
      } catch (error) {
        if (error.code === "ENOSPC") return;
        throw error;
      }
    }
  }

  free() {
    rmSync(join(this.path, "filler"), { force: true });
  }

  makeReadOnly() {
    const [command, ...words] = [...this.wrapper, "mount", "-o", "remount,ro", this.directory];
    execFileSync(command, words);
  }

  async dispose() {
    this.keeper.kill("SIGKILL");
    await once(this.keeper, "exit");
  }
}
