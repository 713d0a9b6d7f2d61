import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Server } from "../e2e/support/server.mjs";
import { http, Polling, query, RawSocket } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

const origin = "https://app.example";
const preflight = {
  Origin: origin,
  "Access-Control-Request-Method": "POST",
  "Access-Control-Request-Headers": "content-type, x-custom",
};
const methods = "GET,HEAD,PUT,PATCH,POST,DELETE";

describe("CORS for everybody", () => {
  const server = useServer();
  const url = () => server.url + "/engine.io/" + query("polling");

  test("every answer allows any origin, without credentials", async () => {
    const session = await Polling.start(server.url);
    const headers = { Origin: origin };
    const answers = [
      await http(url(), { headers }),
      await http(url()),
      await session.post("4a", { headers }),
      await session.poll({ headers }),
      await http(server.url + "/engine.io/" + query("polling", "nobody"), { headers }),
      await session.post("x".repeat(1_000_001), { headers }),
    ];
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200, 400, 413]);
    for (const answer of answers) {
      assert.equal(answer.headers["access-control-allow-origin"], "*");
      assert.equal(answer.headers["access-control-allow-credentials"], undefined);
    }
  });

  test("a preflight is answered 204 with what may be asked for", async () => {
    const answer = await http(url(), { method: "OPTIONS", headers: preflight });
    assert.equal(answer.status, 204);
    assert.equal(answer.text, "");
    assert.equal(answer.headers["content-length"], "0");
    assert.equal(answer.headers["access-control-allow-origin"], "*");
    assert.equal(answer.headers["access-control-allow-methods"], methods);
    assert.equal(answer.headers["access-control-allow-headers"], "content-type, x-custom");
    assert.match(answer.headers.vary, /Access-Control-Request-Headers/);
    assert.equal(answer.headers["access-control-allow-credentials"], undefined);
  });

  test("a WebSocket from any origin is let in", async (t) => {
    const socket = await RawSocket.start(server.url, "/engine.io/", undefined, { headers: { Origin: origin } });
    t.after(() => socket.close());
    assert.equal((await socket.next())[0], "0");
  });
});

describe("CORS for chosen origins", () => {
  let server;
  const path = "/socket.io/" + query("polling");
  before(async () => {
    server = await Server.start({ config: `[server]\nclient_url = ["${origin}"]\n` });
  });
  after(() => server.dispose());

  test("the chosen origin is allowed with credentials, in answers that depend on it", async () => {
    const session = await Polling.start(server.url, "/socket.io/");
    for (const answer of [
      await http(server.url + path, { headers: { Origin: origin } }),
      await session.post("41", { headers: { Origin: origin } }),
      await http(server.url + "/socket.io/" + query("polling", "nobody"), { headers: { Origin: origin } }),
    ]) {
      assert.equal(answer.headers["access-control-allow-origin"], origin);
      assert.equal(answer.headers["access-control-allow-credentials"], "true");
      assert.match(answer.headers.vary, /Origin/);
    }
  });

  test("its preflight names it, with credentials", async () => {
    const answer = await http(server.url + path, { method: "OPTIONS", headers: preflight });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers["access-control-allow-origin"], origin);
    assert.equal(answer.headers["access-control-allow-credentials"], "true");
    assert.equal(answer.headers["access-control-allow-methods"], methods);
    assert.equal(answer.headers["access-control-allow-headers"], "content-type, x-custom");
    assert.match(answer.headers.vary, /Origin/);
  });

  test("another origin is refused with 403, code 4, and allowed nothing", async () => {
    for (const other of ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"]) {
      for (const method of ["GET", "POST", "OPTIONS"]) {
        const answer = await http(server.url + path, { method, headers: { ...preflight, Origin: other }, body: "" });
        assert.equal(answer.status, 403, `${method} ${other}`);
        assert.equal(JSON.parse(answer.text).code, 4);
        assert.equal(answer.headers["access-control-allow-origin"], undefined);
      }
      await assert.rejects(RawSocket.start(server.url, "/socket.io/", undefined, { headers: { Origin: other } }), /refused/);
    }
  });

  test("an origin with characters that no origin has is a bad request", async () => {
    const answer = await http(server.url + path, { headers: { Origin: "https://a b" } });
    assert.equal(answer.status, 400);
    assert.deepEqual(JSON.parse(answer.text), { code: 3, message: "Bad request" });
  });

  test("who sends no origin is no page and is let in", async () => {
    assert.equal((await http(server.url + path)).status, 200);
  });
});
