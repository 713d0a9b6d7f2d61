import assert from "node:assert/strict";
import { Agent } from "node:http";
import { describe, test } from "node:test";
import { http, Polling, query, RawSocket, rawSockets } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

const path = "/engine.io/";

describe("Engine.IO handshake", () => {
  const server = useServer();

  test("a poll without sid opens a session: one open packet with exactly five keys", async () => {
    const { status, headers, text } = await http(server.url + path + query("polling"));
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "text/plain; charset=UTF-8");
    assert.equal(headers["cache-control"], "no-store");
    assert.equal(headers["content-length"], String(Buffer.byteLength(text)));
    assert.equal(text[0], "0");
    const open = JSON.parse(text.slice(1));
    assert.deepEqual(Object.keys(open), ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]);
    assert.match(open.sid, /^[\w-]{20}$/);
    assert.deepEqual(
      { ...open, sid: "" },
      { sid: "", upgrades: ["websocket"], pingInterval: 25_000, pingTimeout: 20_000, maxPayload: 1_000_000 },
    );
  });

  test("a WebSocket without sid opens a session that has nothing to upgrade to", async (t) => {
    const socket = await RawSocket.start(server.url, path);
    t.after(() => socket.close());
    const text = await socket.next();
    assert.equal(text[0], "0");
    const open = JSON.parse(text.slice(1));
    assert.deepEqual(Object.keys(open), ["sid", "upgrades", "pingInterval", "pingTimeout", "maxPayload"]);
    assert.deepEqual(open.upgrades, []);
  });

  test("every session has an id of its own", async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => Polling.start(server.url)));
    assert.equal(new Set(sessions.map(({ sid }) => sid)).size, 20);
  });

  test("the query is read as a query: any order, percent-encoding, cache buster, unknown keys", async () => {
    for (const text of ["?transport=polling&EIO=4", "?t=PDxy&EIO=4&b64=1&transport=polling", "?E%49O=4&transport=p%6Flling"]) {
      assert.equal((await http(server.url + path + text)).status, 200, text);
    }
    const { sid } = await Polling.start(server.url);
    const encoded = [...sid].map((c) => `%${c.charCodeAt(0).toString(16)}`).join("");
    assert.equal((await http(server.url + path + query("polling", encoded), { method: "POST", body: "4a" })).text, "ok");
  });

  const refusals = [
    ["GET", "?EIO=4", 0, "Transport unknown"],
    ["GET", "?EIO=4&transport=", 0, "Transport unknown"],
    ["GET", "?EIO=4&transport=tachyon", 0, "Transport unknown"],
    ["GET", "?EIO=4&transport=constructor", 0, "Transport unknown"],
    ["GET", query("polling", "nobody"), 1, "Session ID unknown"],
    ["POST", query("polling", "nobody"), 1, "Session ID unknown"],
    ["GET", query("polling", "AAAAAAAAAAAAAAAAAAAA"), 1, "Session ID unknown"],
    ["POST", query("polling"), 2, "Bad handshake method"],
    ["PUT", query("polling"), 2, "Bad handshake method"],
    ["DELETE", query("polling"), 2, "Bad handshake method"],
    ["GET", query("websocket"), 3, "Bad request"],
    ["GET", "?transport=polling", 5, "Unsupported protocol version"],
    ["GET", "?EIO=3&transport=polling", 5, "Unsupported protocol version"],
    ["GET", "?EIO=abc&transport=polling", 5, "Unsupported protocol version"],
  ];
  for (const [method, text, code, message] of refusals) {
    test(`${method} ${text} is refused with code ${code}, over a connection that stays`, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const options = { method, agent, ...(method === "GET" || method === "DELETE" ? {} : { body: "4x" }) };
      const answer = await http(server.url + path + text, options);
      assert.equal(answer.status, 400);
      assert.equal(answer.headers["content-type"], "application/json");
      assert.equal(answer.headers["access-control-allow-origin"], "*");
      assert.deepEqual(JSON.parse(answer.text), { code, message });
      assert.equal((await http(server.url + path + query("polling"), { agent })).status, 200);
      agent.destroy();
    });
  }

  const upgradeRefusals = [
    ["?EIO=4", "Transport unknown"],
    ["?EIO=4&transport=abc", "Transport unknown"],
    [query("websocket", "nobody"), "Session ID unknown"],
    [query("polling"), "Bad request"],
  ];
  for (const [text, message] of upgradeRefusals) {
    test(`an upgrade to ${text} is refused with the bare message`, async () => {
      const headers = {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAECAwQFBgcICQoLDA0ODw==",
      };
      const answer = await http(server.url + path + text, { headers });
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.connection, "close");
      assert.equal(answer.headers["content-type"], "text/html");
      assert.equal(answer.text, message);
    });
  }

  test("a WebSocket of another protocol version does not come to open", async () => {
    for (const text of ["?transport=websocket", "?EIO=abc&transport=websocket", "?EIO=3&transport=websocket"]) {
      const socket = new RawSocket(server.url.replace("http", "ws") + path + text);
      await socket.closed();
      assert.equal(socket.messages.filter((message) => message[0] === "0").length, 0, text);
    }
  });

  test("a session is known at its own path only", async (t) => {
    const session = await Polling.start(server.url);
    const elsewhere = server.url + "/socket.io/" + query("polling", session.sid);
    assert.equal(JSON.parse((await http(elsewhere)).text).code, 1);
    assert.equal(JSON.parse((await http(elsewhere, { method: "POST", body: "40" })).text).code, 1);
    await assert.rejects(RawSocket.start(server.url, "/socket.io/", session.sid), /refused/);
    assert.equal((await session.post("4still")).text, "ok");
    assert.deepEqual(await session.packets(), ["4still"]);
    await rawSockets(t, server.url, "/socket.io/")();
  });

  test("permessage-deflate is declined", async (t) => {
    const socket = await RawSocket.start(server.url, path, undefined, { perMessageDeflate: true });
    t.after(() => socket.close());
    assert.equal(socket.socket.extensions, "");
    await socket.next();
    socket.send(`4${"a".repeat(10_000)}`);
    assert.equal((await socket.next()).length, 10_001);
  });

  test("/health answers as in the product", async () => {
    const answer = await http(`${server.url}/health`);
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.text).status, "ok");
  });
});
