// Peers who take a place and never say who they are.

import assert from "node:assert/strict";
import { kWebSocket, RawWebSocket, upgradeRequest } from "../raw.mjs";
import { metrics } from "../witness.mjs";
import { all } from "./target.mjs";

export const kStrangers = 5_000;
const kPlaces = 4_096;
const kAddresses = 10;
const kBatch = 500;

/** Opens WebSockets from several addresses; resolves with those that were let in and those that were not. */
export async function crowd(target, count = kStrangers) {
  const outcome = { inside: [], refused: [] };
  for (let done = 0; done < count; done += kBatch) {
    await all(Array.from({ length: Math.min(kBatch, count - done) }), async (_, index) => {
      const connection = await target.connection({ source: `127.0.0.${2 + ((done + index) % kAddresses)}` });
      await connection.send(upgradeRequest(kWebSocket));
      const answer = await connection.response();
      if (answer.status === 101) outcome.inside.push(new RawWebSocket(connection));
      else outcome.refused.push(answer);
    });
  }
  return outcome;
}

/** Tries until it is let in, as stock clients do. */
export async function honestNewcomer(target) {
  const begin = performance.now();
  while (true) {
    const socket = await target.client().catch((error) => {
      if (!/answered 503/.test(error.message)) throw error;
    });
    if (socket) return performance.now() - begin;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export const strangers = [
  {
    name: "5,000 sockets that never authenticate are closed in time, those beyond 4,096 refused with 503",
    alone: true,
    run: async (target) => {
      const before = (await metrics(target.server)).hawser_sessions_unauthenticated;
      const { inside, refused } = await crowd(target);
      const after = (await metrics(target.server)).hawser_sessions_unauthenticated;
      assert.ok(after <= kPlaces, `${after} strangers`);
      // Each core has its share of the places, and the kernel does not spread connections evenly.
      assert.ok(inside.length >= (kPlaces - before) * 0.9, `${inside.length} were let in`);
      for (const { status, headers } of refused) {
        assert.equal(status, 503);
        assert.match(headers["retry-after"], /^\d+$/);
      }
      await honestNewcomer(target);
      await all(inside, async (socket) => assert.equal(await socket.closeCode(), 1008));
    },
  },
];
