import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { endings, sockets } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { Worker } from "./support/worker.mjs";

const races = Number(process.env.HAWSER_TEST_CANCEL_RACES ?? 400);
// A user may send 100 commands a second.
const clients = Math.ceil(races / 100);

let server, worker;
before(async () => {
  // Jobs run in both places: which one has a job is chance.
  server = await Server.start({ config: "[worker]\nthreads = 8\n" });
  worker = await Worker.start(server, { args: ["--type", "test-job", "--threads", "8"] });
});
after(async () => {
  await worker.dispose();
  await server.dispose();
});

test(`a cancel that races with the end of its job leaves one ending, ${races} times`, { timeout: 600_000 }, async (t) => {
  const tally = { "job:completed": 0, "job:cancelled": 0 };
  let left = races;
  const race = async (number) => {
    const client = sockets(t)(server.url, server.token(`racer-${number}`));
    const other = sockets(t)(server.url, server.token(`racer-${number}`));
    await other.connected();
    while (left-- > 0) {
      const jobId = await client.start("test-job", { chunks: 1 + randomInt(3), intervalMs: 1 });
      await delay(randomInt(8));
      const [first, second] = await Promise.all([other.call("cancel:job", jobId), client.call("cancel:job", jobId)]);
      const { name } = await client.ending(jobId);
      await other.ending(jobId);
      tally[name] += 1;
      assert.equal(first.state, name.slice("job:".length), "the answer says how it ended");
      assert.equal(second.state, first.state);
      // What is behind an ending has come by the time that a later command is answered.
      await client.call("subscribe:job", jobId);
      for (const socket of [client, other]) {
        const events = socket.of(jobId);
        assert.equal(events.filter((event) => endings.has(event.name)).length, 1);
        assert.ok(endings.has(events.at(-1).name), "nothing comes behind the ending");
        socket.received.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, number) => race(number)));
  t.diagnostic(`${tally["job:completed"]} completed, ${tally["job:cancelled"]} cancelled`);
  assert.ok(tally["job:completed"] > 0 && tally["job:cancelled"] > 0, "it was a race");
});
