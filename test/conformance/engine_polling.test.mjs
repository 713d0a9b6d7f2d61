import assert from "node:assert/strict";
import { Agent } from "node:http";
import { describe, test } from "node:test";
import { http, Polling, separator, untilTruthy } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const unknown = { code: 1, message: "Session ID unknown" };

describe("Engine.IO polling", () => {
  const server = useServer();

  async function assertGone(session) {
    const answer = await session.poll();
    assert.equal(answer.status, 400);
    assert.deepEqual(JSON.parse(answer.text), unknown);
  }

  /** Posts pongs, which have no effect, until one is refused. */
  function refusedPost(session) {
    const post = async () => {
      const answer = await session.post("3");
      return answer.status !== 200 && answer;
    };
    return untilTruthy(post, "a refused post");
  }

  test("a post is answered ok, and its echo comes with the next poll", async () => {
    const session = await Polling.start(server.url);
    const posted = await session.post("4hello");
    assert.equal(posted.status, 200);
    assert.equal(posted.text, "ok");
    assert.equal(posted.headers["content-type"], "text/html");
    assert.equal(posted.headers["content-length"], "2");
    assert.equal(posted.headers["cache-control"], "no-store");
    const polled = await session.poll();
    assert.equal(polled.text, "4hello");
    assert.equal(polled.headers["content-type"], "text/plain; charset=UTF-8");
    assert.equal(polled.headers["content-length"], "6");
    assert.equal(polled.headers["cache-control"], "no-store");
  });

  test("a waiting poll is answered as soon as there is something", async () => {
    const session = await Polling.start(server.url);
    const poll = session.poll();
    await session.post("4hello");
    assert.equal((await poll).text, "4hello");
  });

  test("several packets of a post are handled in order, and several that wait share one answer", async () => {
    const session = await Polling.start(server.url);
    assert.equal((await session.post(["4a", "bAQIDBA==", "4", "4b"].join(separator))).text, "ok");
    assert.equal((await session.post("4c")).text, "ok");
    assert.equal((await session.poll()).text, ["4a", "bAQIDBA==", "4", "4b", "4c"].join(separator));
  });

  test("what is sent between two polls is kept", async () => {
    const session = await Polling.start(server.url);
    const poll = session.poll();
    await session.post("41");
    assert.equal((await poll).text, "41");
    for (const n of [2, 3, 4]) await session.post(`4${n}`);
    assert.deepEqual(await session.packets(), ["42", "43", "44"]);
  });

  test("binary messages come back byte for byte, the empty one too", async () => {
    const session = await Polling.start(server.url);
    const packets = [allBytes, allBytes.subarray(0, 1), allBytes.subarray(0, 2), Buffer.alloc(0)].map(
      (bytes) => `b${bytes.toString("base64")}`,
    );
    await session.post(packets.join(separator));
    assert.deepEqual(await session.packets(), packets);
  });

  test("text comes back exactly, and lengths are bytes", async () => {
    const session = await Polling.start(server.url);
    const texts = ["é", "€", "😀", "\u2028\u2029", "\u0000\u0001\u001f\u007f", "\ufffe\uffff", "a\nb\r\nc", '"\\'];
    for (const text of texts) await session.post(`4${text}`);
    const answer = await session.poll();
    assert.equal(answer.headers["content-length"], String(Buffer.byteLength(answer.text)));
    assert.deepEqual(answer.text.split(separator), texts.map((text) => `4${text}`));
  });

  test("polls and posts of several sessions may share one connection", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sessions = await Promise.all([1, 2, 3].map(() => Polling.start(server.url)));
    for (const [i, session] of sessions.entries()) await session.post(`4${i}`, { agent });
    for (const [i, session] of sessions.entries()) assert.equal((await session.poll({ agent })).text, `4${i}`);
    agent.destroy();
  });

  test("a body of maxPayload bytes is taken, one more is 413 and delivers nothing", async () => {
    const session = await Polling.start(server.url);
    const body = `4${"x".repeat(session.open.maxPayload - 1)}`;
    assert.equal((await session.post(body)).status, 200);
    assert.equal((await session.poll()).text, body);
    const second = await Polling.start(server.url);
    assert.equal((await second.post(`4small${separator}${body}`)).status, 413);
    const chunked = await second.post(Buffer.from(`4small${separator}${body}`), { headers: { "Transfer-Encoding": "chunked" } });
    assert.equal(chunked.status, 413);
    const third = await Polling.start(server.url);
    const multibyte = `4${"€".repeat(session.open.maxPayload / 2)}`;
    assert.equal((await third.post(multibyte)).status, 413, "bytes count, not characters");
  });

  for (const [what, body] of [
    ["an unknown packet type", "abc"],
    ["an unknown packet type behind a good one", `4a${separator}z`],
    ["a client's ping", "2"],
  ]) {
    test(`${what} ends the session`, async () => {
      const session = await Polling.start(server.url);
      await session.post(body).catch(() => {});
      await assertGone(session);
    });
  }

  for (const [what, body] of [
    ["an empty packet", `4a${separator}${separator}4b`],
    ["an empty body", ""],
    ["bad base64", "b!!!!"],
    ["text that is not UTF-8", Buffer.from([0x34, 0xff, 0xfe])],
  ]) {
    test(`${what} is answered 400 and ends the session`, async () => {
      const session = await Polling.start(server.url);
      assert.equal((await session.post(body)).status, 400);
      await assertGone(session);
    });
  }

  test("a body of bytes that says so is refused and ends the session", async () => {
    const session = await Polling.start(server.url);
    const headers = { "Content-Type": "application/octet-stream" };
    assert.equal((await session.post("4a", { headers })).status, 400);
    await assertGone(session);
  });

  test("a second poll while one waits ends the session: the first hears close", async () => {
    const session = await Polling.start(server.url);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await session.post("4a", { agent });
    await session.poll({ agent });
    const first = session.poll();
    // It has arrived when what is sent behind it over another connection comes back with it.
    await session.post("4b");
    assert.equal((await first).text, "4b");
    const [a, b] = await Promise.all([session.poll(), session.poll()]);
    agent.destroy();
    assert.deepEqual([a.status, b.status].sort(), [200, 400]);
    assert.equal((a.status === 200 ? a : b).text, "1");
    await assertGone(session);
  });

  test("a second post while one is read ends the session", async () => {
    const session = await Polling.start(server.url);
    const slow = session.post(undefined, { headers: { "Content-Length": "10" } });
    slow.stream.write("4a");
    await new Promise((resolve) => slow.stream.once("socket", (socket) => (socket.connecting ? socket.once("connect", resolve) : resolve())));
    // The slow one may not have arrived yet: a post that meets no other is simply answered.
    assert.equal((await refusedPost(session)).status, 400);
    slow.abort();
    await assertGone(session);
  });

  test("a client that drops its waiting poll is gone", async () => {
    const session = await Polling.start(server.url);
    const waiting = session.poll();
    await session.post("4a");
    await waiting;
    const dropped = session.poll();
    await new Promise((resolve) => dropped.stream.once("finish", resolve));
    dropped.abort();
    assert.deepEqual(JSON.parse((await refusedPost(session)).text), unknown);
  });

  test("a client that drops a post within its body is gone", async () => {
    const session = await Polling.start(server.url);
    const cut = session.post(undefined, { headers: { "Content-Length": "10" } });
    await new Promise((resolve) => cut.stream.write("4a", resolve));
    const poll = session.poll();
    cut.abort();
    const answer = await poll;
    assert.ok(answer.status === 400 || answer.text === "1", answer.text);
    await assertGone(session);
  });

  test("a client that leaves has its poll ended by a noop", async () => {
    const session = await Polling.start(server.url);
    const poll = session.poll();
    assert.equal((await session.post("1")).text, "ok");
    assert.equal((await poll).text, "6");
    await assertGone(session);
  });

  test("the poll of a client that leaves may also come behind", async () => {
    const session = await Polling.start(server.url);
    const leave = session.post("1");
    const poll = await session.poll();
    assert.equal((await leave).text, "ok");
    assert.ok(poll.text === "6" || poll.status === 400);
    await assertGone(session);
  });

  test("a client that has left without a poll is gone once it is answered", async () => {
    const session = await Polling.start(server.url);
    assert.equal((await session.post("1")).text, "ok");
    await assertGone(session);
    assert.equal((await session.post("4a")).status, 400);
  });

  test("methods that polling does not have are refused, and the session lives", async () => {
    const session = await Polling.start(server.url);
    for (const method of ["PUT", "DELETE", "PATCH"]) {
      const { status } = await http(session.url, { method });
      assert.ok([400, 405, 500].includes(status), `${method}: ${status}`);
    }
    assert.equal((await session.post("4a")).text, "ok");
    assert.equal((await session.poll()).text, "4a");
  });
});
