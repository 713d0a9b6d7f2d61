import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { sockets } from "./support/client.mjs";
import { Server, program, root } from "./support/server.mjs";
import { standing } from "./support/standing.mjs";

test("a program of somebody else builds against the installed package and runs its jobs", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hawser-package-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const cmake = (...args) => execFileSync("cmake", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const installed = join(folder, "installed");
  const build = join(folder, "build");
  cmake("--install", dirname(program), "--prefix", installed);
  cmake("-S", join(root, "examples/cpp-worker"), "-B", build, `-DCMAKE_PREFIX_PATH=${installed}`);
  cmake("--build", build);

  const server = await Server.start({ config: '[worker]\nremote_types = ["count"]\nlease_ms = 1500\n' });
  t.after(() => server.dispose());
  const token = server.command(["token", "--worker", "counter", "--type", "count"]).trim();
  const environment = { ...process.env, HAWSER_URL: server.url, HAWSER_TOKEN: token };
  const start = () => {
    const child = spawn(join(build, "count_worker"), { env: environment, stdio: "ignore" });
    t.after(() => child.kill("SIGKILL"));
    return child;
  };
  const client = sockets(t)(server.url, server.token("ann"));
  const jobId = await client.start("count", { to: 100 });
  const first = start();
  await client.chunks(jobId, 20);
  first.kill("SIGKILL");
  const second = start();
  assert.equal((await client.ending(jobId)).name, "job:completed");
  assert.deepEqual(standing(client.of(jobId)), Array.from({ length: 100 }, (_, number) => number));
  second.kill("SIGTERM");
  assert.deepEqual(await once(second, "exit"), [0, null]);
});
