// Requests that are too large, too slow, ambiguous, or for somebody else's session.

import assert from "node:assert/strict";
import { kPolling, kSocketIo, kWebSocket, text, upgradeRequest } from "../raw.mjs";
import { metrics } from "../witness.mjs";
import { all } from "./target.mjs";

const kMaxPayload = 1_000_000;
const smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";

/** Heads after which two implementations could see different requests. */
const ambiguousHeads = {
  "both lengths": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
  "both lengths, the other way round": "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
  "two lengths": "Content-Length: 5\r\nContent-Length: 6\r\n",
  "the same length twice": "Content-Length: 5\r\nContent-Length: 5\r\n",
  "a list of lengths": "Content-Length: 5, 5\r\n",
  "a signed length": "Content-Length: +5\r\n",
  "a negative length": "Content-Length: -1\r\n",
  "a hexadecimal length": "Content-Length: 0x5\r\n",
  "an endless length": `Content-Length: ${"9".repeat(40)}\r\n`,
  "two codings": "Transfer-Encoding: chunked, identity\r\n",
  "an unknown coding": "Transfer-Encoding: xchunked\r\n",
  "a coding twice": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
  "a coding with a tab": "Transfer-Encoding:\tchunked\x0b\r\n",
  "a space before the colon": "Content-Length : 5\r\n",
  "a folded line": "A: b\r\n Content-Length: 5\r\n",
  "a bare line feed": "A: b\nContent-Length: 5\r\n",
  "a bare carriage return": "A: b\rContent-Length: 5\r\n",
  "a NUL": "A: b\0c\r\n",
  "a header without a name": ": 5\r\n",
  "two hosts": "Host: other\r\n",
};

const brokenChunks = {
  "a size that is no number": "x\r\nabc\r\n0\r\n\r\n",
  "a size below zero": "-1\r\nabc\r\n0\r\n\r\n",
  "a size beyond all numbers": `${"f".repeat(17)}\r\nabc`,
  "a chunk without its end": "3\r\nabcdef\r\n0\r\n\r\n",
  "a chunk that is too large": `${(kMaxPayload + 1).toString(16)}\r\n`,
};

async function refusedAndClosed(connection, status, what) {
  const answer = await connection.response();
  assert.ok([status].flat().includes(answer.status), `${what}: ${answer.status}`);
  assert.equal(answer.headers.connection, "close", what);
  connection.socket.end();
  await connection.closed();
  assert.equal(connection.unread.length, 0, `${what}: more than one answer`);
}


export const http = [
  {
    name: "requests that others could read differently are refused with 400, and nothing behind them is read",
    run: async (target) =>
      all(Object.entries(ambiguousHeads), async ([what, lines]) => {
        for (const path of ["/", kPolling]) {
          const connection = await target.connection();
          await connection.send(`POST ${path} HTTP/1.1\r\nHost: h\r\n${lines}\r\n0\r\n\r\n${smuggled}`);
          await refusedAndClosed(connection, [400, 413], what);
        }
      }),
  },
  {
    name: "broken chunks are refused and end the connection",
    run: async (target) =>
      all(Object.entries(brokenChunks), async ([what, chunks]) => {
        const session = await target.polling();
        await session.poster.send(
          `POST ${session.target} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${smuggled}`,
        );
        await refusedAndClosed(session.poster, [400, 413], what);
      }),
  },
  {
    name: "a GET or an upgrade with a body is refused or served, and nothing behind it is read",
    run: async (target) => {
      for (const lines of ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"]) {
        const upgrade = await target.connection();
        await upgrade.send(`${upgradeRequest(kWebSocket, lines)}GET /${smuggled}`);
        await refusedAndClosed(upgrade, 400, "an upgrade with a body");
        const poll = await target.connection();
        await poll.send(`GET ${kPolling} HTTP/1.1\r\nHost: h\r\n${lines}\r\n0\r\n\r\n${smuggled}`);
        await refusedAndClosed(poll, 400, "a handshake with a body");
        const health = await target.connection();
        await health.send(`GET /health HTTP/1.1\r\nHost: h\r\n${lines}\r\n0\r\n\r\n${smuggled}`);
        await refusedAndClosed(health, 200, "a GET with a body");
      }
    },
  },
  {
    name: "heads over 16 KiB are refused with 431: 10 MB of query or sid, long and many headers",
    run: async (target) => {
      const ten = "x".repeat(10_000_000);
      const heads = {
        "10 MB of query": `GET /health?${ten} HTTP/1.1\r\n`,
        "10 MB of sid": `GET ${kPolling}&sid=${ten} HTTP/1.1\r\n`,
        "10 MB of token": `GET ${kWebSocket}&token=${ten} HTTP/1.1\r\n`,
        "10 MB of spaces": `GET /health HTTP/1.1\r\nSec-WebSocket-Protocol:${" ".repeat(10_000_000)}`,
        "2,000 headers": `GET /health HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(2_000)}\r\n`,
        "200 headers": `GET /health HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(200)}\r\n`,
        "a line without an end": "G".repeat(100_000),
      };
      await all(Object.entries(heads), async ([what, head]) => {
        const connection = await target.connection();
        const sent = connection.send(head);
        const answer = await connection.response();
        assert.ok([400, 431].includes(answer.status), `${what}: ${answer.status}`);
        await sent;
        connection.socket.end();
        await connection.closed();
      });
    },
  },
  {
    name: "heads that drip are cut off in time: 408",
    run: async (target) => {
      const connections = await Promise.all(Array.from({ length: 100 }, () => target.connection()));
      const head = `GET /health HTTP/1.1\r\nHost: h\r\n${"X-Slow: 1\r\n".repeat(1_000)}`;
      let at = 0;
      const drip = setInterval(() => {
        for (const connection of connections) void connection.send(head[at]);
        at += 1;
      }, 50);
      try {
        await all(connections, async (connection) => {
          assert.equal((await connection.response()).status, 408);
          await connection.closed();
        });
      } finally {
        clearInterval(drip);
      }
    },
  },
  {
    name: "a connection that says nothing is closed in time",
    run: async (target) =>
      all(Array.from({ length: 100 }), async () => {
        const connection = await target.connection();
        await connection.closed();
      }),
  },
  {
    name: "bodies over the limit are refused with 413 by their head, and nothing of them is delivered",
    run: async (target) => {
      const session = await target.polling();
      const { sid } = session;
      const connection = await target.connection();
      await connection.send(
        `POST ${kPolling}&sid=${sid} HTTP/1.1\r\nHost: h\r\nContent-Length: ${kMaxPayload + 1}\r\n\r\n4`,
      );
      await refusedAndClosed(connection, 413, "a declared body");
      const chunked = await target.connection();
      await chunked.send(`POST ${kPolling}&sid=${sid} HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const piece = Buffer.concat([Buffer.from("186a0\r\n"), Buffer.alloc(100_000, "4"), Buffer.from("\r\n")]);
      for (let count = 0; count < 11; count += 1) await chunked.send(piece);
      assert.equal((await chunked.response()).status, 413);
      assert.ok(await session.isAlive());
      const stranger = await target.strangerPolling();
      const large = await target.connection();
      await large.send(
        `POST ${kPolling}&sid=${stranger.sid} HTTP/1.1\r\nHost: h\r\nContent-Length: 16385\r\n\r\n4`,
      );
      await refusedAndClosed(large, 413, "a stranger's body");
    },
  },
  {
    name: "bodies where nobody reads one are not waited for",
    run: async (target) => {
      const answers = { "/health": 405, "/": 405, [kPolling]: 400, [`${kPolling}&sid=none`]: 400, [kSocketIo]: 400 };
      await all(Object.entries(answers), async ([path, status]) => {
        const connection = await target.connection();
        await connection.send(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Length: ${kMaxPayload}\r\n\r\n`);
        assert.equal((await connection.response()).status, status, path);
        await connection.closed();
      });
    },
  },
  {
    name: "bodies of the largest size are read in time, whatever is in them",
    run: async (target) => {
      const bodies = {
        "separators only": ["\x1e".repeat(kMaxPayload), 400],
        "half a million packets": [`${"6\x1e".repeat(kMaxPayload / 2 - 1)}6`, 200],
        "one packet": [`4${"x".repeat(kMaxPayload - 1)}`, 400],
        "one event": [`42["x","${"x".repeat(kMaxPayload - 10)}"]`, 200],
        "base64 without an end": [`b${"A".repeat(kMaxPayload - 1)}`, 400],
        "invalid UTF-8": ["4\xff".repeat(kMaxPayload / 2), 400],
      };
      for (const [what, [body, status]] of Object.entries(bodies)) {
        const session = await target.polling();
        const begin = performance.now();
        assert.equal((await session.post(body)).status, status, what);
        const millis = performance.now() - begin;
        assert.ok(millis < 2_000, `${what} took ${millis} ms`);
      }
    },
  },
  {
    name: "octet-stream posts are answered 400 and end their session, 300 times",
    alone: true,
    run: async (target) => {
      const before = (await metrics(target.server)).hawser_connections;
      for (let count = 0; count < 300; count += 1) {
        const session = await target.strangerPolling();
        const headers = "Content-Type: application/octet-stream\r\n";
        assert.equal((await session.post("4x", headers)).status, 400);
        assert.equal((await session.poll()).status, 400);
        session.destroy();
      }
      const after = (await metrics(target.server)).hawser_connections;
      assert.ok(after - before < 100, `${after - before} connections are left`);
    },
  },
  {
    name: "a wrong EIO is refused with code 5, also on the session of somebody else, which lives on",
    run: async (target) => {
      const session = await target.polling();
      const { sid } = session;
      for (const eio of ["EIO=3&", "EIO=5&", "EIO=4x&", "EIO=&", "EIO=4&EIO=4&", ""]) {
        for (const suffix of ["", `&sid=${sid}`]) {
          const polling = await target.connection();
          const poll = await polling.ask("GET", `/socket.io/?${eio}transport=polling${suffix}`);
          assert.equal(poll.status, 400, eio);
          assert.equal(JSON.parse(poll.body).code, 5, eio);
          const upgrade = await target.connection();
          await upgrade.send(upgradeRequest(`/socket.io/?${eio}transport=websocket${suffix}`));
          const answer = await upgrade.response();
          assert.equal(answer.status, 400, eio);
          assert.equal(answer.body, "Unsupported protocol version", eio);
        }
      }
      assert.ok(await session.isAlive());
    },
  },
  {
    name: "unknown transports are refused with code 0",
    run: async (target) => {
      for (const transport of ["websockett", "__proto__", "constructor", "", "polling&transport=polling", "%00polling"]) {
        const connection = await target.connection();
        const answer = await connection.ask("GET", `/socket.io/?EIO=4&transport=${transport}`);
        assert.equal(answer.status, 400, transport);
        assert.equal(JSON.parse(answer.body).code, 0, transport);
      }
    },
  },
  {
    name: "a sid that is nobody's, and the public id of a socket, are refused with code 1",
    run: async (target) => {
      const socket = await target.stranger();
      await socket.send(text(`40${JSON.stringify({ token: target.token() })}`));
      const publicId = JSON.parse((await socket.packet("40")).slice(2)).sid;
      const sids = [publicId, "__proto__", "constructor", "", "a%00b", "%ff%fe", "A".repeat(20), "_".repeat(20), "../../etc", "x".repeat(8_000)];
      for (const sid of sids) {
        const connection = await target.connection();
        for (const method of ["GET", "POST"]) {
          const answer = await connection.ask(method, `${kPolling}&sid=${sid}`, { body: method === "POST" ? "" : undefined });
          assert.equal(answer.status, 400, sid);
          assert.equal(JSON.parse(answer.body).code, 1, `${method} ${sid}`);
          if (answer.headers.connection === "close") break;
        }
        const upgrade = await target.connection();
        await upgrade.send(upgradeRequest(`${kWebSocket}&sid=${sid}`));
        assert.equal((await upgrade.response()).body, "Session ID unknown", sid);
      }
    },
  },
  {
    name: "two polls, or two posts, at a time end their session",
    run: async (target) => {
      // Over two connections, perhaps of two cores: nobody knows which one comes first.
      const polls = await target.polling();
      const second = await target.connection();
      const answers = await Promise.all([polls.poll(), second.ask("GET", polls.target)]);
      assert.deepEqual(answers.map(({ status, body }) => (status === 200 ? body : status)).sort(), ["1", 400]);
      assert.equal((await polls.poll()).status, 400);

      const posts = await target.polling();
      const half = `POST ${posts.target} HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n4`;
      const other = await target.connection();
      await all([posts.poster, other], async (connection) => {
        await connection.send(half);
        assert.equal((await connection.response()).status, 400);
      });
      assert.equal((await posts.poll()).status, 400);
    },
  },
  {
    name: "upgrades that are reset at any byte leave the session polling",
    run: async (target) => {
      const session = await target.polling();
      const request = upgradeRequest(`${kWebSocket}&sid=${session.sid}`) + text("2probe").toString("latin1");
      for (let size = 1; size < request.length; size += 7) {
        const connection = await target.connection();
        await connection.send(request.slice(0, size));
        connection.reset();
      }
      assert.ok(await session.isAlive());
    },
  },
  {
    name: "methods and targets that nobody serves are refused",
    run: async (target) => {
      const requests = {
        "BREW /health HTTP/1.1\r\nHost: h\r\n\r\n": [400, 405],
        "DELETE /health HTTP/1.1\r\nHost: h\r\n\r\n": [405],
        "CONNECT example.org:443 HTTP/1.1\r\nHost: h\r\n\r\n": [400, 405],
        "GET http://example.org/metrics/x HTTP/1.1\r\nHost: h\r\n\r\n": [404],
        "GET * HTTP/1.1\r\nHost: h\r\n\r\n": [400],
        "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n": [400],
        "GET /health HTTP/1.1\r\n\r\n": [400],
        "GET /health HTTP/3.0\r\nHost: h\r\n\r\n": [400, 505],
        "GET /health\r\n\r\n": [400, 505],
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n": [400, 505],
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n": [400],
      };
      for (const [request, statuses] of Object.entries(requests)) {
        const connection = await target.connection();
        await connection.send(request);
        const { status } = await connection.response();
        assert.ok(statuses.includes(status), `${JSON.stringify(request)}: ${status}`);
      }
    },
  },
];
