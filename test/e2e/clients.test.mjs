import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { io as io48 } from "socket.io-client";
import { io as io40 } from "socket.io-client-4.0";
import { io as io45 } from "socket.io-client-4.5";
import { io as io46 } from "socket.io-client-4.6";
import { Reader, lines, sockets } from "./support/client.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server, briskHeartbeat } from "./support/server.mjs";
import { assertWhole } from "./support/stream.mjs";

/** `recovers`: the version knows connection state recovery, and uses it by itself. */
const versions = {
  "4.0": { io: io40, recovers: false },
  "4.5": { io: io45, recovers: false },
  "4.6": { io: io46, recovers: true },
  "4.8": { io: io48, recovers: true },
};
/** Runs until somebody ends it. */
const endless = { chunks: 100_000, intervalMs: 5 };
const long = { chunks: 200, intervalMs: 5 };

let server;
before(async () => {
  server = await Server.start({ config: briskHeartbeat });
});
after(() => server.dispose());

async function startProxy(t) {
  const proxy = await Proxy.start(server.port);
  t.after(() => proxy.close());
  return proxy;
}

/** Resolves once the client uses the last transport of its list. */
function settled(client, transports) {
  const { io: manager } = client.socket;
  manager.engine.on("upgrade", () => client.look());
  return client.until(() => manager.engine.transport.name === transports.at(-1), "upgrade");
}

for (const [version, { io, recovers }] of Object.entries(versions)) {
  for (const [line, transports] of Object.entries(lines)) {
    describe(`socket.io-client ${version} by ${line}`, () => {
      const user = `${line}-${version}`;
      const open = (t, url = server.url) => sockets(t, io)(url, server.token(user), { transports });

      test("streams a job in order, and another device of the user cancels one", async (t) => {
        const [client, device] = [open(t), open(t)];
        assert.equal((await client.connected()).userId, user);
        await device.connected();
        await settled(client, transports);
        const jobId = await client.start("test-job", { chunks: 50, intervalMs: 1 });
        await client.ending(jobId);
        assertWhole(client.of(jobId), 50);

        const other = await client.start("test-job", endless);
        await device.chunks(other, 3);
        assert.deepEqual(await device.call("cancel:job", other), { ok: true, state: "cancelled" });
        await Promise.all([client.ending(other), device.ending(other)]);
        assert.equal(client.of(other).at(-1).name, "job:cancelled");
        assert.deepEqual(device.of(other).at(-1), client.of(other).at(-1));
      });

      if (recovers) {
        test("comes back from cuts by itself, recovered, and loses and doubles nothing", async (t) => {
          const proxy = await startProxy(t);
          const client = open(t, proxy.url);
          const returns = [];
          client.socket.on("connect", () => returns.push([client.socket.recovered, client.socket.id]));
          const jobId = await client.start("test-job", long);
          for (const at of [20, 80, 140]) {
            await client.chunks(jobId, at);
            await proxy.cutAfter(1 + Math.floor(Math.random() * 2000));
          }
          await client.ending(jobId);
          assertWhole(client.of(jobId), long.chunks);
          const [first, ...others] = returns;
          assert.equal(first[0], false);
          assert.ok(others.length > 0);
          for (const [recovered, id] of others) {
            assert.equal(recovered, true);
            assert.equal(id, first[1], "the same socket to the application");
          }
          assert.equal(client.received.filter(({ name }) => name === "stream:reset").length, 0);
        });
      } else {
        test("comes back from cuts with reconnect:sync, and loses and doubles nothing", async (t) => {
          const proxy = await startProxy(t);
          const client = open(t, proxy.url);
          const reader = new Reader(client, await client.start("test-job", long));
          for (const at of [20, 80, 140]) {
            await reader.reached(at);
            await proxy.cutAfter(1 + Math.floor(Math.random() * 2000));
          }
          await reader.finished();
          assertWhole(reader.events, long.chunks);
          assert.equal(reader.gaps, 0);
        });
      }
    });
  }
}
