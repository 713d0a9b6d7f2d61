// Many of something that is harmless alone.

import assert from "node:assert/strict";
import { kPolling, text } from "../raw.mjs";
import { metrics } from "../witness.mjs";
import { all } from "./target.mjs";

export const floods = [
  {
    name: "20,000 events are answered or refused as too many, and the connection goes on",
    run: async (target) => {
      const socket = await target.client();
      const flood = Buffer.concat(Array.from({ length: 20_000 }, (_, id) => text(`42${id}["cancel:job","job_x"]`)));
      const answered = (async () => {
        const codes = new Set();
        for (let left = 20_000; left > 0; left -= 1) codes.add(/"code":"(\w+)"/.exec(await socket.packet("43"))[1]);
        return codes;
      })();
      await socket.send(flood);
      assert.deepEqual([...(await answered)].sort(), ["not_found", "rate_limited"]);
    },
  },
  {
    name: "2,000 CONNECTs with bad tokens are refused one by one",
    run: async (target) => {
      const socket = await target.stranger();
      const bad = text(`40${JSON.stringify({ token: `${"e".repeat(100)}.${"e".repeat(300)}.x` })}`);
      await socket.send(Buffer.concat(Array.from({ length: 2_000 }, () => bad)));
      for (let left = 2_000; left > 0; left -= 1) assert.match(await socket.packet("44"), /Authentication failed/);
    },
  },
  {
    name: "10,000 namespaces that do not exist are refused one by one",
    run: async (target) => {
      const socket = await target.client();
      await socket.send(Buffer.concat(Array.from({ length: 10_000 }, (_, id) => text(`40/room-${id},`))));
      for (let left = 10_000; left > 0; left -= 1) await socket.packet("44/room-");
    },
  },
  {
    name: "300 clients that come and go leave nothing behind",
    run: async (target) => {
      for (let round = 0; round < 10; round += 1) {
        const sockets = await all(Array.from({ length: 30 }), () => target.client());
        for (const [index, socket] of sockets.entries()) {
          if (index % 3 === 0) socket.connection.reset();
          else if (index % 3 === 1) socket.destroy();
          else await socket.send(text("41"));
        }
      }
    },
  },
  {
    name: "500 handshakes by polling that are never used are bounded by their timeout",
    run: async (target) => {
      const connection = await target.connection();
      for (let count = 0; count < 500; count += 1) {
        assert.equal((await connection.ask("GET", kPolling)).status, 200);
      }
      const { hawser_sessions_unauthenticated: strangers } = await metrics(target.server);
      assert.ok(strangers <= 4_096, `${strangers} strangers`);
    },
  },
];
