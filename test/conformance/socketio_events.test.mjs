import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { io } from "socket.io-client";
import { within } from "../e2e/support/client.mjs";
import { namespaceSockets, Polling } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

const placeholder = (num) => `{"_placeholder":true,"num":${num}}`;

describe("Socket.IO events", () => {
  const server = useServer();
  const connected = (t, ...namespaces) => namespaceSockets(t, server.url)(...namespaces);

  /** A connected session on polling. */
  async function polling() {
    const session = await Polling.start(server.url, "/socket.io/");
    await session.post("40");
    await session.atLeast(2);
    return session;
  }

  function client(t, transport) {
    const socket = io(server.url, { transports: [transport], forceNew: true, reconnection: false });
    t.after(() => socket.close());
    return socket;
  }

  for (const args of [
    '1,"2",{"3":[true]}',
    "null,true,false,[],{},\"\"",
    "0,-1,9007199254740992,1.5,1e21,1e-7,12345678901234567890",
    '"é€😀"',
    '"\u2028\u2029\ufffe\uffff\u007f"',
    '"\\u0000\\u001f\\"\\\\\\n"',
    `${"[".repeat(100)}${"]".repeat(100)}`,
    '{"_placeholder":true,"num":5}',
    '{"__proto__":1,"constructor":2}',
    `"${"x".repeat(100_000)}"`,
  ]) {
    test(`arguments come back as they are: ${args.slice(0, 60)}`, async (t) => {
      const socket = await connected(t);
      socket.send(`42["message",${args}]`);
      const answer = await socket.next();
      assert.ok(answer.startsWith('42["message-back",'), answer.slice(0, 60));
      assert.deepEqual(JSON.parse(answer.slice(2)).slice(1), JSON.parse(`[${args}]`));
    });
  }

  test("no arguments come back as none", async (t) => {
    const socket = await connected(t);
    socket.send('42["message"]');
    assert.equal(await socket.next(), '42["message-back"]');
  });

  test("a lone surrogate does no harm", async (t) => {
    const socket = await connected(t);
    socket.send('42["message","\\ud800","\\udc00x"]');
    const [, ...args] = JSON.parse((await socket.next()).slice(2));
    assert.ok(args.every((text, i) => ["\ud800", "\udc00x"][i] === text || text.includes("\ufffd")), args.join());
    socket.send('42["message",1]');
    assert.equal(await socket.next(), '42["message-back",1]');
  });

  test("an ack has the id that asked and comes in the namespace", async (t) => {
    const socket = await connected(t, "/", "/custom");
    socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.equal(await socket.next(), '43456[1,"2",{"3":[false]}]');
    socket.send('42/custom,0["message-with-ack"]');
    assert.equal(await socket.next(), "43/custom,0[]");
  });

  test("an event nobody knows, and one whose name is a number, are nothing", async (t) => {
    const socket = await connected(t);
    for (const event of ['42["unknown",1]', '427["unknown"]', "42[5,1]", '42["message",1]']) socket.send(event);
    assert.equal(await socket.next(), '42["message-back",1]');
  });

  test("attachments come back in order, nested, shared and empty", async (t) => {
    const socket = await connected(t);
    const bytes = [Buffer.from([1, 2, 3]), Buffer.alloc(0), Buffer.from([0xff])];
    socket.send(`453-["message",${placeholder(0)},{"a":[${placeholder(1)}]},${placeholder(2)}]`);
    for (const one of bytes) socket.send(one);
    const [header, ...back] = await socket.take(4);
    assert.equal(header, `453-["message-back",${placeholder(0)},{"a":[${placeholder(1)}]},${placeholder(2)}]`);
    assert.deepEqual(back, bytes);
    socket.send(`451-9["message-with-ack",${placeholder(0)}]`);
    socket.send(bytes[0]);
    assert.deepEqual(await socket.take(2), [`461-9[${placeholder(0)}]`, bytes[0]]);
  });

  test("attachments over polling", async () => {
    const session = await polling();
    const packets = [`452-["message",${placeholder(0)},${placeholder(1)}]`, "bAQID", "bBAUG"];
    await session.post(packets.join("\x1e"));
    packets[0] = packets[0].replace('"message"', '"message-back"');
    assert.deepEqual(await session.atLeast(3), packets);
    await session.post(`451-/custom,["message",${placeholder(0)}]`).catch(() => {});
    assert.notEqual((await session.poll()).text[0], "4", "the namespace is not connected");
  });

  test("ten attachments pass, eleven close", async (t) => {
    const event = (count) => `45${count}-["message",${Array.from({ length: count }, (_, i) => placeholder(i)).join()}]`;
    const socket = await connected(t);
    socket.send(event(10));
    for (let i = 0; i < 10; ++i) socket.send(Buffer.from([i]));
    assert.equal((await socket.take(11))[10][0], 9);
    socket.send(event(11));
    await socket.closed();
  });

  test("the server asks for an ack and hands on what the client answers", async (t) => {
    const socket = await connected(t);
    socket.send('42["ask-ack",1,"two"]');
    const [, id] = /^42(\d+)\["server-ack",1,"two"\]$/.exec(await socket.next());
    socket.send(`43${id}[3,{"four":4}]`);
    assert.equal(await socket.next(), '42["server-acked",3,{"four":4}]');
    socket.send(`43${id}["again"]`);
    socket.send('4399["never asked"]');
    socket.send('42["message","alive"]');
    assert.equal(await socket.next(), '42["message-back","alive"]', "a second answer and an unknown id are ignored");
  });

  test("acks of the server are told apart, answered in any order, and may carry bytes", async (t) => {
    const socket = await connected(t);
    socket.send('42["ask-ack","a"]');
    socket.send('42["ask-ack","b"]');
    const [a, b] = (await socket.take(2)).map((packet) => /^42(\d+)\["server-ack"/.exec(packet)[1]);
    assert.notEqual(a, b);
    socket.send(`461-${b}["b",${placeholder(0)}]`);
    socket.send(Buffer.from([7]));
    assert.deepEqual(await socket.take(2), [`451-["server-acked","b",${placeholder(0)}]`, Buffer.from([7])]);
    socket.send(`43${a}["a"]`);
    assert.equal(await socket.next(), '42["server-acked","a"]');
  });

  for (const transport of ["websocket", "polling"]) {
    test(`a stock client on ${transport}: acks both ways with bytes`, async (t) => {
      const socket = client(t, transport);
      const answer = await within(
        new Promise((resolve) => socket.emit("message-with-ack", { deep: [Buffer.from([1, 2])] }, "é", (...args) => resolve(args))),
        "ack",
      );
      assert.deepEqual(answer, [{ deep: [Buffer.from([1, 2])] }, "é"]);
      socket.on("server-ack", (value, bytes, ack) => ack(bytes, value));
      const acked = new Promise((resolve) => socket.on("server-acked", (...args) => resolve(args)));
      socket.emit("ask-ack", "value", Buffer.from([3]));
      assert.deepEqual(await within(acked, "server-acked"), [Buffer.from([3]), "value"]);
    });

    test(`a stock client on ${transport}: many binary events at once keep their attachments and their order`, async (t) => {
      const [sender, receiver] = [client(t, transport), client(t, transport)];
      await within(new Promise((resolve) => receiver.once("auth", resolve)), "auth");
      const total = 100;
      const collect = (socket, event) =>
        within(
          new Promise((resolve) => {
            const seen = [];
            socket.on(event, (i, a, b) => {
              seen.push([i, a.length, b[0]]);
              if (seen.length === total) resolve(seen);
            });
          }),
          `${total} of ${event}`,
        );
      const expected = Array.from({ length: total }, (_, i) => [i, i % 5, i]);
      const results = [collect(sender, "message-back"), collect(receiver, "cast"), collect(sender, "cast")];
      for (let i = 0; i < total; ++i) {
        const bytes = [Buffer.alloc(i % 5), Buffer.from([i])];
        sender.emit("message", i, ...bytes);
        sender.emit("all-emit", "cast", i, ...bytes);
      }
      for (const seen of await Promise.all(results)) assert.deepEqual(seen, expected);
    });
  }

  test("volatile events are dropped while nobody polls", async () => {
    const session = await polling();
    await session.post('42["volatile-burst",100]');
    assert.deepEqual(await session.packets(), ['42["v-end"]']);
  });

  test("volatile events are sent as far as a waiting poll takes them", async () => {
    const session = await polling();
    // A poll is waiting for certain when the event behind which it was sent has come with it.
    const poll = session.packets();
    await session.post('42["message",1]');
    assert.deepEqual(await poll, ['42["message-back",1]']);
    const received = [];
    const poller = (async () => {
      while (received.at(-1) !== '42["v-end"]') received.push(...(await session.packets()));
    })();
    await session.post('42["volatile-burst",100]');
    await poller;
    assertBurst(received);
  });

  function assertBurst(packets) {
    assert.equal(packets.at(-1), '42["v-end"]');
    const numbers = packets.slice(0, -1).map((packet) => Number(/^42\["v",(\d+)\]$/.exec(packet)[1]));
    assert.ok(numbers.every((n, i) => i === 0 || n > numbers[i - 1]), numbers.join());
    return numbers;
  }

  test("volatile events over a WebSocket begin with the first and end where the line is busy", async (t) => {
    const socket = await connected(t);
    socket.send('42["volatile-burst",1000]');
    const packets = [];
    do packets.push(await socket.next());
    while (packets.at(-1) !== '42["v-end"]');
    assert.equal(assertBurst(packets)[0], 0);
    socket.send('42["volatile-burst",0]');
    assert.equal(await socket.next(), '42["v-end"]');
  });
});
