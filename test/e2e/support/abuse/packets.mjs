// Packets of Engine.IO and Socket.IO that lie, and values that are there to break something.

import assert from "node:assert/strict";
import { binary, text } from "../raw.mjs";
import { eventually } from "../wait.mjs";
import { metrics } from "../witness.mjs";
import { all, closedWith } from "./target.mjs";

const kBroken = 1002;
const placeholder = (num) => `{"_placeholder":true,"num":${num}}`;
const deep = (count) => "[".repeat(count) + "]".repeat(count);

const brokenPackets = {
  "59999 attachments": '459999-["x"]',
  "11 attachments": '4511-["x"]',
  "no attachments": '450-["x"]',
  "an ack without attachments": "460-1[]",
  "a count that is no number": '451e3-["x"]',
  "a count behind a space": '45 1-["x"]',
  "a count below zero": '45-1-["x"]',
  "a count beyond all numbers": `45${"9".repeat(400)}-["x"]`,
  "no count": '45["x"]',
  "a placeholder below zero": `451-["x",${placeholder(-1)}]`,
  "a placeholder beyond the count": `451-["x",${placeholder(99)}]`,
  "a placeholder that is text": `451-["x",${placeholder('"0"')}]`,
  "an ack id beyond 64 bits": '4299999999999999999999["x"]',
  "an ack without an id": "43[1]",
  "an object for an event": "42{}",
  "an event without a name": "42[]",
  "an object for a name": "42[{}]",
  "null for a name": "42[null]",
  "an array for a name": '42[["a"]]',
  "an event without an array": "42",
  "cut JSON": '42["x"',
  "garbage behind the JSON": '42["x"]]',
  "a reserved name": '42["connect"]',
  "another reserved name": '42["disconnecting"]',
  "a third reserved name": '42["newListener"]',
  "a name of 129 bytes": `42["${"n".repeat(129)}"]`,
  "a name of 500,000 bytes": `42["${"n".repeat(500_000)}"]`,
  "arrays 10,000 deep": `42["x",${deep(10_000)}]`,
  "objects 100,000 deep": `42["x",${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}]`,
  "a deep start": `421["start:job",{"type":"test-job","input":${deep(10_000)}}]`,
  "an unknown type": "49",
  "nothing": "4",
  "a CONNECT_ERROR": '44{"message":"no"}',
  "a second CONNECT": "40",
  "an event of a namespace that is not connected": '42/admin,["x"]',
  "a DISCONNECT of a namespace that is not connected": "41/admin,",
};

async function refusedByWebSocket(target, packet, what) {
  const socket = await target.client();
  await socket.send(text(packet));
  await closedWith(socket, kBroken, what);
}

/** Polling has no close codes: the post is refused, and the session is gone. */
async function refusedByPolling(target, packet, what) {
  const session = await target.polling();
  assert.equal((await session.post(packet)).status, 400, what);
  assert.equal((await session.poll()).status, 400, what);
}

export const packets = [
  {
    name: "packets that cannot be, attachment counts and deep JSON among them, close with 1002",
    run: async (target) => all(Object.entries(brokenPackets), ([what, packet]) => refusedByWebSocket(target, packet, what)),
  },
  {
    name: "the same packets end a polling session",
    run: async (target) => all(Object.entries(brokenPackets), ([what, packet]) => refusedByPolling(target, packet, what)),
  },
  {
    name: "text while attachments are due, and attachments that nobody announced, close with 1002",
    run: async (target) => {
      const announced = await target.client();
      await announced.send(text(`452-["x",${placeholder(0)}]`));
      await announced.send(binary("one"));
      await announced.send(text('42["x"]'));
      await closedWith(announced, kBroken);
      const unannounced = await target.client();
      await unannounced.send(binary("none was due"));
      await closedWith(unannounced, kBroken);
    },
  },
  {
    name: "attachments of more than 4 MB close with 1002",
    run: async (target) => {
      const socket = await target.client();
      await socket.send(text(`4510-["x",${placeholder(0)}]`));
      const closing = closedWith(socket, kBroken);
      for (let count = 0; count < 5; count += 1) await socket.send(binary(Buffer.alloc(900_000)));
      await closing;
    },
  },
  {
    name: "attachments whose rest never comes are freed with their connection",
    alone: true,
    run: async (target) => {
      const bytes = async () => (await metrics(target.server)).hawser_receive_buffer_bytes;
      const sockets = await Promise.all(Array.from({ length: 10 }, () => target.client()));
      for (const socket of sockets) {
        await socket.send(text(`455-["x",${placeholder(0)}]`));
        await socket.send(binary(Buffer.alloc(200_000)));
      }
      await eventually(async () => (await bytes()) >= 2_000_000, "attachments");
      for (const socket of sockets) socket.destroy();
      await eventually(async () => (await bytes()) < 2_000_000, "freed attachments");
    },
  },
  {
    name: "events before CONNECT close with 1002",
    run: async (target) =>
      all(['42["start:job",{}]', "41", "43", '430["x"]'], async (packet) => {
        const socket = await target.stranger();
        await socket.send(text(packet));
        await closedWith(socket, kBroken, packet);
      }),
  },
  {
    name: "__proto__ and constructor are names like any other",
    run: async (target) => {
      const stranger = await target.stranger();
      await stranger.send(text(`40{"__proto__":${JSON.stringify({ token: target.token() })}}`));
      assert.match(await stranger.packet("44"), /token required/);
      const socket = await target.client();
      const names = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}';
      await socket.send(text(`421["start:job",{"__proto__":{"type":"test-job"},"input":{}}]`));
      assert.match(await socket.packet("431["), /bad_request/);
      await socket.send(text('422["__proto__",{}]'));
      assert.match(await socket.packet("432["), /bad_request/);
      await socket.send(text(`423["start:job",{"type":"test-job","input":{"chunks":1,"intervalMs":0,${names}}}]`));
      // Other connections of the same user may run jobs meanwhile.
      const own = /"jobId":"([^"]+)"/.exec(await socket.packet("433["))[1];
      const started = await socket.packet(`42["job:started",{"jobId":"${own}"`);
      assert.ok(started.includes(names), started);
      await socket.packet(`42["job:completed",{"jobId":"${own}"`);
      assert.equal({}.polluted, undefined);
    },
  },
  {
    name: "10,000 subscribes and replays are answered one by one and leave nothing behind",
    run: async (target) => {
      const socket = await target.client();
      await socket.send(text('421["start:job",{"type":"test-job","input":{"chunks":1,"intervalMs":0}}]'));
      const own = /"jobId":"([^"]+)"/.exec(await socket.packet("431["))[1];
      const commands = Array.from({ length: 10_000 }, (_, number) => {
        const id = number % 3 ? `${own.slice(0, -5)}${String(number).padStart(5, "0")}` : own;
        const sync = `["reconnect:sync",{"jobId":"${id}","lastSequence":0}]`;
        return text(`42${number + 2}${number % 2 ? sync : `["subscribe:job","${id}"]`}`);
      });
      const codes = new Map();
      const answered = (async () => {
        for (let left = commands.length; left > 0; left -= 1) {
          const code = /"code":"(\w+)"/.exec(await socket.packet("43"))?.[1] ?? "ok";
          codes.set(code, (codes.get(code) ?? 0) + 1);
        }
      })();
      await socket.send(Buffer.concat(commands));
      await answered;
      assert.ok(codes.get("ok") > 0 && codes.get("rate_limited") > 5_000, JSON.stringify([...codes]));
      const known = new Set(["ok", "not_found", "rate_limited", "overloaded", "too_many_catch_ups", "bad_request"]);
      assert.deepEqual([...codes.keys()].filter((code) => !known.has(code)), []);
      const { hawser_subscriptions } = await metrics(target.server);
      assert.ok(hawser_subscriptions <= 1_024, `${hawser_subscriptions} subscriptions`);
    },
  },
  {
    name: "a peer that asks and never reads is closed with 1013",
    run: async (target) => {
      const closed = async () => (await metrics(target.server))['hawser_sessions_closed_total{reason="too_slow"}'];
      const before = await closed();
      const socket = await target.client();
      socket.connection.socket.pause();
      const questions = Array.from({ length: 1_000 }, () => text('42["no:such:event"]'));
      const flood = Buffer.concat(questions);
      const sent = (async () => {
        for (let round = 0; round < 150 && !socket.connection.ended; round += 1) await socket.send(flood);
      })();
      await eventually(async () => (await closed()) > before, "close");
      socket.connection.socket.resume();
      assert.equal(await socket.closeCode(), 1013);
      socket.destroy();
      await sent;
    },
  },
];
