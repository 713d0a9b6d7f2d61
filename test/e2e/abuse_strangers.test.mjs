import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { crowd, honestNewcomer } from "./support/abuse/strangers.mjs";
import { attack } from "./support/abuse/target.mjs";
import { sockets } from "./support/client.mjs";
import { RawConnection } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";
import { metrics, Witness } from "./support/witness.mjs";

async function besideWitness(t, options, act) {
  const server = await Server.start(options);
  t.after(() => server.dispose());
  const witness = new Witness(server);
  await witness.undisturbed();
  await act(server, witness);
  await witness.undisturbed();
  await witness.leave();
  return server;
}

test("while strangers hold all their places, a newcomer is let in once the oldest has had its time", async (t) => {
  await besideWitness(t, {}, (server) =>
    attack(server, {
      run: async (target) => {
        const { inside } = await crowd(target);
        assert.ok(inside.length > 0);
        await honestNewcomer(target);
        const samples = await metrics(server);
        assert.ok(samples['hawser_sessions_closed_total{reason="overloaded"}'] >= 1);
        assert.ok(samples.hawser_sessions_unauthenticated > 3_000, "the crowd is still there");
      },
    }),
  );
});

test("an address may have as many connections as the operator says, and others are not touched", async (t) => {
  const server = await Server.start({ config: "[server]\nmax_connections_per_address = 50" });
  t.after(() => server.dispose());
  const many = await Promise.all(
    Array.from({ length: 60 }, () => RawConnection.open(server.port, { source: "127.0.0.2" })),
  );
  t.after(() => many.forEach((connection) => connection.destroy()));
  const answers = await Promise.all(many.map((connection) => connection.ask("GET", "/health")));
  assert.equal(answers.filter(({ status }) => status === 200).length, 50);
  assert.equal(answers.filter(({ status }) => status === 503).length, 10);
  assert.equal((await metrics(server))['hawser_refused_total{reason="address"}'], 10);
});

test("connections leave descriptors to the store, whatever the limit of open files", async (t) => {
  const server = await Server.start({ wrapper: ["prlimit", "--nofile=300:300"] });
  t.after(() => server.dispose());
  const client = sockets(t)(server.url, server.token("ada"));
  await client.connected();
  assert.equal((await metrics(server)).hawser_connections_limit, 150);
  const many = await Promise.all(Array.from({ length: 400 }, () => RawConnection.open(server.port)));
  await eventually(() => many.filter(({ ended }) => !ended).length <= 150, "those over the limit to be turned away");
  assert.ok(readdirSync(`/proc/${server.pid}/fd`).length < 250);
  const jobId = await client.start("test-job", { chunks: 100, chunkBytes: 4_000, intervalMs: 0 });
  assert.equal((await client.ending(jobId)).name, "job:completed");
  for (const connection of many) connection.destroy();
  await eventually(async () => (await metrics(server)).hawser_connections < 5, "free places");
});
