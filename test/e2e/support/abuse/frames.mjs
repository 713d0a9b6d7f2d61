// Frames that RFC 6455 forbids, or that cost more than they should.

import assert from "node:assert/strict";
import { binary, frame, kWebSocket, RawWebSocket, text, upgradeRequest } from "../raw.mjs";
import { metrics } from "../witness.mjs";
import { all, closedWith } from "./target.mjs";

const kMaxPayload = 1_000_000n;
const kTooBig = 1009;
const kBroken = 1002;
const kInvalid = 1007;

const invalidTexts = {
  "a stray continuation byte": [0x34, 0x80],
  "an overlong slash": [0x34, 0xc0, 0xaf],
  "an overlong NUL": [0x34, 0xe0, 0x80, 0x80],
  "a surrogate": [0x34, 0xed, 0xa0, 0x80],
  "beyond U+10FFFF": [0x34, 0xf4, 0x90, 0x80, 0x80],
  "a cut sequence": [0x34, 0xe2, 0x82],
  "a byte that no text has": [0x34, 0xff],
};

const brokenFrames = {
  "reserved bit 1": frame(0xc1, "4x"),
  "reserved bit 2": frame(0xa1, "4x"),
  "reserved bit 3": frame(0x91, "4x"),
  "opcode 3": frame(0x83, "4x"),
  "opcode 7": frame(0x87, "4x"),
  "opcode 11": frame(0x8b),
  "opcode 15": frame(0x8f),
  "unmasked text": frame(0x81, "4x", { masked: false }),
  "an unmasked ping": frame(0x89, "", { masked: false }),
  "an unmasked close": frame(0x88, "\x03\xe8", { masked: false }),
  "a fragmented ping": frame(0x09, "x"),
  "a ping of 126 bytes": frame(0x89, "x".repeat(126)),
  "a close of one byte": frame(0x88, "x"),
  "close code 999": frame(0x88, "\x03\xe7"),
  "close code 1005": frame(0x88, "\x03\xed"),
  "close code 1015": frame(0x88, "\x03\xf7"),
  "close code 5000": frame(0x88, "\x13\x88"),
  "a continuation of nothing": frame(0x80, "x"),
  "a message inside a message": Buffer.concat([frame(0x01, "4"), text("4")]),
  "a length of 2^63": frame(0x82, "", { declared: 1n << 63n }),
};

export const frames = [
  {
    name: "a frame over the limit is refused with 1009 by its header, before its body",
    run: async (target) =>
      all([kMaxPayload + 1n, 1n << 32n, (1n << 63n) - 1n], async (declared) => {
        const socket = await target.client();
        await socket.send(frame(0x82, "", { declared }));
        await closedWith(socket, kTooBig, String(declared));
      }),
  },
  {
    name: "fragments that are too much together are refused with 1009",
    run: async (target) => {
      const socket = await target.client();
      await socket.send(frame(0x02, Buffer.alloc(600_000)));
      await socket.send(frame(0x80, "", { declared: 400_001n }));
      await closedWith(socket, kTooBig);
    },
  },
  {
    name: "a stranger's message over 16 KiB is refused with 1009",
    run: async (target) => {
      const socket = await target.stranger();
      await socket.send(frame(0x81, "", { declared: 16_385n }));
      await closedWith(socket, kTooBig);
    },
  },
  {
    name: "text that is not UTF-8 is refused with 1007, in one piece and in fragments",
    run: async (target) =>
      all(Object.entries(invalidTexts), async ([what, bytes]) => {
        for (const make of [
          (data) => frame(0x81, data),
          (data) => Buffer.concat([...data.slice(0, -1)].map((byte, i) => frame(i === 0 ? 0x01 : 0x00, Buffer.from([byte])))
            .concat(frame(0x80, data.slice(-1)))),
        ]) {
          const socket = await target.client();
          await socket.send(make(Buffer.from(bytes)));
          await closedWith(socket, kInvalid, what);
        }
        const leaving = await target.client();
        await leaving.send(frame(0x88, Buffer.from([0x03, 0xe8, ...bytes])));
        await closedWith(leaving, kInvalid, `${what} as the reason of a close`);
      }),
  },
  {
    name: "frames that break the protocol are refused with 1002: with the handshake, before and after CONNECT",
    run: async (target) =>
      all(Object.entries(brokenFrames), async ([what, bytes]) => {
        const early = await target.webSocket({ behind: bytes });
        await early.text();
        await closedWith(early, kBroken, `${what}, with the handshake`);
        for (const open of [() => target.stranger(), () => target.client()]) {
          const socket = await open();
          await socket.send(bytes);
          await closedWith(socket, kBroken, what);
        }
      }),
  },
  {
    name: "a broken frame of an upgrade ends the upgrade, and polling goes on",
    run: async (target) => {
      const session = await target.polling();
      for (const bytes of [frame(0xa1, "2probe"), frame(0x81, "2probe", { masked: false }), frame(0x83)]) {
        const socket = await target.webSocket({ target: `${kWebSocket}&sid=${session.sid}` });
        await socket.send(bytes);
        await closedWith(socket, kBroken);
        assert.ok(await session.isAlive());
      }
    },
  },
  {
    name: "100,000 tiny fragments end with 1009 after 4,096",
    run: async (target) =>
      all(["", "x"], async (body) => {
        const socket = await target.client();
        const piece = frame(0x00, body);
        const flood = Buffer.concat([frame(0x01, "4"), Buffer.alloc(piece.length * 100_000, piece)]);
        const closing = closedWith(socket, kTooBig);
        await socket.send(flood);
        await closing;
      }),
  },
  {
    name: "a flood of pings is answered with the last one",
    run: async (target) => {
      const socket = await target.client();
      const piece = frame(0x89);
      await socket.send(Buffer.alloc(piece.length * 100_000, piece));
      await socket.send(frame(0x89, "last"));
      while (true) {
        const { opcode, payload } = await socket.frame();
        if (opcode === 10 && payload.toString() === "last") return;
      }
    },
  },
  {
    name: "a flood of pings by peers that do not read is not queued",
    alone: true,
    run: async (target) => {
      const piece = frame(0x89, "x".repeat(125));
      const flood = Buffer.alloc(piece.length * 20_000, piece);
      const before = (await metrics(target.server)).hawser_send_buffer_bytes;
      const sockets = await Promise.all(Array.from({ length: 20 }, () => target.client()));
      for (const { connection } of sockets) connection.socket.pause();
      const sent = Promise.all(sockets.map((socket) => socket.send(flood)));
      await sent;
      const grown = (await metrics(target.server)).hawser_send_buffer_bytes - before;
      assert.ok(grown < 20 * 32 * 127 + 100_000, `${grown} bytes wait to be sent`);
    },
  },
  {
    name: "Engine.IO packets that only a server sends, or nobody, close with 1002",
    run: async (target) =>
      all(["2", "2probe", "7", "9", "x", ""], async (packet) => {
        const socket = await target.client();
        await socket.send(text(packet));
        await closedWith(socket, kBroken, JSON.stringify(packet));
      }),
  },
  {
    name: "a binary first packet, as of another parser, closes with 1003",
    run: async (target) => {
      const socket = await target.stranger();
      await socket.send(binary("\x83"));
      await closedWith(socket, 1003);
    },
  },
  {
    name: "a client that works one byte at a time is served",
    run: async (target) => {
      const connection = await target.connection();
      await connection.sendByteByByte(upgradeRequest());
      assert.equal((await connection.response()).status, 101);
      const socket = new RawWebSocket(connection);
      await socket.text();
      await connection.sendByteByByte(text(`40${JSON.stringify({ token: target.token() })}`));
      await socket.packet('42["connected"');
      await connection.sendByteByByte(text('427["subscribe:job","job_x"]'));
      assert.match(await socket.packet("437"), /not_found/);
    },
  },
];
