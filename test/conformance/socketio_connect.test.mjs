import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { io } from "socket.io-client";
import { within } from "../e2e/support/client.mjs";
import { namespaceSockets, Polling, rawSockets } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

describe("Socket.IO connect", () => {
  const server = useServer();
  const bare = (t) => rawSockets(t, server.url, "/socket.io/")();
  const connected = (t, ...namespaces) => namespaceSockets(t, server.url)(...namespaces);

  async function assertAlive(socket, nsp = "") {
    socket.send(`42${nsp}["message","still"]`);
    assert.equal(await socket.next(), `42${nsp}["message-back","still"]`);
  }

  async function assertClosedBy(t, socket, ...messages) {
    for (const message of messages) socket.send(message);
    await socket.closed();
    assert.deepEqual(socket.messages, [], messages.join());
  }

  for (const [request, prefix, auth] of [
    ["40", "40", "{}"],
    ["40{}", "40", "{}"],
    ['40{"token":"123"}', "40", '{"token":"123"}'],
    ['40{"é":["😀","\\ud800",1e21,-0]}', "40", '{"é":["😀","\\ud800",1e21,-0]}'],
    ["40/custom", "40/custom,", "{}"],
    ["40/custom,", "40/custom,", "{}"],
    ['40/custom,{"a":1}', "40/custom,", '{"a":1}'],
  ]) {
    test(`${request} is answered with a sid and nothing else, then auth`, async (t) => {
      const socket = await bare(t);
      socket.send(request);
      const answer = await socket.next();
      assert.ok(answer.startsWith(`${prefix}{`), answer);
      const body = JSON.parse(answer.slice(prefix.length));
      assert.deepEqual(Object.keys(body), ["sid"]);
      assert.match(body.sid, /^[\w-]{20}$/);
      const event = await socket.next();
      assert.deepEqual(JSON.parse(event.slice(prefix.length)), JSON.parse(`["auth",${auth}]`));
      assert.ok(event.startsWith(`42${prefix.slice(2)}["auth",`), event);
    });
  }

  test("over polling the answer and auth come in order", async () => {
    const session = await Polling.start(server.url, "/socket.io/");
    await session.post("40");
    const [answer, auth] = await session.atLeast(2);
    assert.match(answer, /^40\{"sid":"[\w-]{20}"\}$/);
    assert.equal(auth, '42["auth",{}]');
  });

  test("each namespace gives an id of its own, none of them that of the Engine.IO session", async () => {
    const session = await Polling.start(server.url, "/socket.io/");
    await session.post("40");
    await session.post("40/custom");
    const packets = await session.atLeast(4);
    const ids = packets.filter((packet) => packet.startsWith("40")).map((packet) => /"sid":"([^"]+)"/.exec(packet)[1]);
    assert.equal(new Set([...ids, session.sid]).size, 3);
  });

  test("an unknown namespace is answered so, and the connection goes on", async (t) => {
    const socket = await bare(t);
    for (const nsp of ["/random", "/customs", "/custom/", "/Custom", "/constructor"]) {
      socket.send(`40${nsp},{"a":1}`);
      assert.equal(await socket.next(), `44${nsp},{"message":"Invalid namespace"}`);
    }
    socket.send("40");
    assert.match(await socket.next(), /^40\{"sid"/);
  });

  test("a refusal carries message and data, and the client may ask again or go elsewhere", async (t) => {
    const socket = await bare(t);
    for (let i = 0; i < 2; ++i) {
      socket.send('40/refuse,{"token":"x"}');
      assert.equal(await socket.next(), '44/refuse,{"message":"refused","data":{"code":"E_REFUSED","list":[1,"é"]}}');
    }
    socket.send("40");
    assert.match(await socket.next(), /^40\{"sid"/);
  });

  test("a stock client sees the data of a refusal", async (t) => {
    const socket = io(`${server.url}/refuse`, { forceNew: true, reconnection: false });
    t.after(() => socket.close());
    const error = await within(new Promise((resolve) => socket.on("connect_error", resolve)), "connect_error");
    assert.equal(error.message, "refused");
    assert.deepEqual(error.data, { code: "E_REFUSED", list: [1, "é"] });
  });

  test("namespaces of one connection do not hear each other", async (t) => {
    const socket = await connected(t, "/", "/custom");
    socket.send('42/custom,["message",1]');
    socket.send('42["message",2]');
    assert.deepEqual(await socket.take(2), ['42/custom,["message-back",1]', '42["message-back",2]']);
  });

  test("leaving one namespace keeps the other and the connection, and one may come back", async (t) => {
    const socket = await connected(t, "/", "/custom");
    for (const leave of ["41/custom,", "41/custom"]) {
      socket.send(leave);
      await assertAlive(socket);
      socket.send("40/custom");
      assert.match(await socket.next(), /^40\/custom,\{"sid"/);
      assert.equal(await socket.next(), '42/custom,["auth",{}]');
    }
    socket.send("41");
    await assertAlive(socket, "/custom,");
  });

  test("a second CONNECT for the same namespace closes", async (t) => {
    await assertClosedBy(t, await connected(t), "40");
    await assertClosedBy(t, await connected(t, "/custom"), "40/custom,{}");
  });

  for (const packet of ['42["message",1]', "41", "431[]", '42/custom,["message",1]', "41/custom,", "43/custom,1[]"]) {
    test(`${packet} for a namespace that is not connected closes`, async (t) => {
      const other = packet.includes("/custom") ? "/" : "/custom";
      await assertClosedBy(t, await connected(t, other), packet);
    });
  }

  test("an event for a namespace that was left closes", async (t) => {
    const socket = await connected(t, "/", "/custom");
    await assertClosedBy(t, socket, "41/custom,", '42/custom,["message",1]');
  });

  for (const packet of [
    "4",
    "47",
    "4abc",
    "42",
    "42{}",
    "42[]",
    "42[null]",
    "42[{}]",
    '42"message"',
    '42["message",]',
    '42["message"',
    '42["message"]x',
    '42abc["message"]',
    '42-1["message"]',
    "40[]",
    '40"token"',
    "40{",
    '41{"a":1}',
    "43[]",
    "431{}",
    '44{"message":"x"}',
    '45["message",{"_placeholder":true,"num":0}]',
    '45-["message"]',
    '45x-["message"]',
    '451-["message",{"_placeholder":true,"num":1}]',
    '451-["message",{"_placeholder":true,"num":-1}]',
    '451-["message",{"_placeholder":true,"num":"0"}]',
    '42["disconnect"]',
    '42["disconnecting"]',
    '42["connect"]',
    '42["connect_error"]',
    '42["newListener"]',
    '42["removeListener"]',
  ]) {
    test(`${packet} closes`, async (t) => {
      const socket = await connected(t);
      const messages = packet.startsWith("451-") ? [packet, Buffer.from([1])] : [packet];
      await assertClosedBy(t, socket, ...messages);
    });
  }

  test("text while attachments are due closes, and so do bytes when none are due", async (t) => {
    await assertClosedBy(t, await connected(t), '451-["message",{"_placeholder":true,"num":0}]', '42["message",1]');
    await assertClosedBy(t, await connected(t), Buffer.from([1]));
  });

  test("an undecodable packet over polling ends the session", async () => {
    const session = await Polling.start(server.url, "/socket.io/");
    await session.post("40");
    await session.atLeast(2);
    const poll = session.poll();
    await session.post("4abc").catch(() => {});
    const answer = await poll;
    assert.ok(answer.status === 400 || ["1", "6"].includes(answer.text), answer.text);
    assert.equal((await session.poll()).status, 400);
  });

  test("a kick tells the one namespace and keeps the rest", async (t) => {
    const socket = await connected(t, "/", "/custom");
    socket.send('42/custom,["kick-me",false]');
    assert.equal(await socket.next(), "41/custom,");
    await assertAlive(socket);
    socket.send('42["kick-me",false]');
    assert.equal(await socket.next(), "41");
    socket.send("40");
    assert.match(await socket.next(), /^40\{"sid"/);
  });

  test("a kick with close tells all namespaces and closes", async (t) => {
    const socket = await connected(t, "/", "/custom");
    socket.send('42/custom,["kick-me",true]');
    assert.deepEqual((await socket.take(2)).sort(), ["41", "41/custom,"]);
    await socket.closed();
    const session = await Polling.start(server.url, "/socket.io/");
    await session.post("40");
    await session.atLeast(2);
    await session.post('42["kick-me",true]');
    assert.deepEqual(await session.packets(), ["41"], "a close packet behind it would make stock clients miss it");
    assert.deepEqual((await session.packets()).at(-1), "1");
    assert.equal((await session.poll()).status, 400);
  });

  for (const transport of ["websocket", "polling"]) {
    test(`a stock client on ${transport} hears why it was disconnected`, async (t) => {
      const reason = async (leave) => {
        const socket = io(server.url, { transports: [transport], forceNew: true, reconnection: false });
        t.after(() => socket.close());
        await within(new Promise((resolve) => socket.once("auth", resolve)), "auth");
        const disconnected = new Promise((resolve) => socket.once("disconnect", resolve));
        leave(socket);
        return within(disconnected, "disconnect");
      };
      assert.equal(await reason((socket) => socket.emit("kick-me", false)), "io server disconnect");
      assert.equal(await reason((socket) => socket.emit("kick-me", true)), "io server disconnect");
      assert.equal(await reason((socket) => socket.disconnect()), "io client disconnect");
    });
  }
});

describe("Socket.IO connect timeout", () => {
  const server = useServer({ connectTimeout: 300 });
  const bare = (t) => rawSockets(t, server.url, "/socket.io/")();

  test("a client that never connects to a namespace is closed", async (t) => {
    const start = performance.now();
    await (await bare(t)).closed();
    assert.ok(performance.now() - start > 298);
  });

  test("also when it was refused or asked for what does not exist", async (t) => {
    const socket = await bare(t);
    socket.send("40/refuse");
    socket.send("40/random");
    await socket.take(2);
    await socket.closed();
  });

  test("also over polling", async () => {
    const session = await Polling.start(server.url, "/socket.io/");
    assert.equal((await session.poll()).text, "1");
    assert.equal((await session.poll()).status, 400);
  });

  test("not once it was connected, even if it has left again; nor the bare Engine.IO endpoint", async (t) => {
    const left = await bare(t);
    left.send("40");
    await left.take(2);
    left.send("41");
    const plain = await rawSockets(t, server.url, "/engine.io/")();
    await (await bare(t)).closed();
    left.send("40");
    assert.match(await left.next(), /^40/);
    plain.send("4still");
    assert.equal(await plain.next(), "4still");
  });
});
