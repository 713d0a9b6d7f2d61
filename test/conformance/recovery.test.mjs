import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { io } from "socket.io-client";
import { within } from "../e2e/support/client.mjs";
import { Polling, rawSockets, untilTruthy } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

describe("Socket.IO connection state recovery", () => {
  const server = useServer({ recovery: true });
  let names = 0;

  const parse = (text) => JSON.parse(text.slice(2));

  /** Connects by hand with this auth; `.answer` is what came for it, `.offset` that of the last event. */
  async function connect(t, auth) {
    const socket = await rawSockets(t, server.url, "/socket.io/")();
    socket.send(`40${auth ? JSON.stringify(auth) : ""}`);
    socket.answer = parse(await socket.next());
    return socket;
  }

  async function fresh(t) {
    const socket = await connect(t);
    socket.offset = parse(await socket.next()).at(-1);
    return socket;
  }

  async function call(socket, ...event) {
    socket.send(`427${JSON.stringify(event)}`);
    for (;;) {
      const text = await socket.next();
      if (text.startsWith("437")) return JSON.parse(text.slice(3));
    }
  }

  /** Cuts the line, and waits until the server has seen it. */
  async function cut(socket, witness) {
    socket.close();
    const gone = async () => {
      const [all] = await call(witness, "fetch-sockets", socket.answer.sid);
      return all.length === 0;
    };
    await untilTruthy(gone, "the end of the connection");
  }

  test("CONNECT is answered with a pid, and events end with an offset", async (t) => {
    const socket = await connect(t);
    assert.deepEqual(Object.keys(socket.answer), ["sid", "pid"]);
    assert.notEqual(socket.answer.sid, socket.answer.pid);
    const [name, auth, offset] = parse(await socket.next());
    assert.deepEqual([name, auth, typeof offset], ["auth", {}, "string"]);
    socket.send('42["message",1,"two"]');
    const back = parse(await socket.next());
    assert.deepEqual(back.slice(0, 3), ["message-back", 1, "two"]);
    assert.equal(typeof back[3], "string");
    assert.notEqual(back[3], offset);
  });

  test("acks, events that ask for one, and volatile ones have no offset", async (t) => {
    const socket = await fresh(t);
    assert.deepEqual(await call(socket, "message-with-ack", 1), [1]);
    socket.send('42["ask-ack",1]');
    assert.match(await socket.next(), /^42\d+\["server-ack",1\]$/);
    socket.send('42["volatile-burst",1]');
    assert.equal(await socket.next(), '42["v",0]');
    assert.equal(parse(await socket.next()).length, 2);
  });

  test("who comes back has its ids, its rooms and what it missed, in order and once", async (t) => {
    const [witness, socket] = [await fresh(t), await fresh(t)];
    const room = `room ${++names}`;
    await call(socket, "join", room);
    await cut(socket, witness);
    witness.send(`42${JSON.stringify(["room-emit", room, "to-room", 1])}`);
    witness.send(`42${JSON.stringify(["room-emit", "elsewhere", "lost"])}`);
    witness.send('42["broadcast","to-all-others","é"]');
    witness.send(`42${JSON.stringify(["room-emit", socket.answer.sid, "to-you"])}`);
    witness.send('451-["broadcast","bytes",{"_placeholder":true,"num":0}]');
    witness.send(Buffer.from([1, 2, 3]));
    witness.send('42["message","all of it has happened"]');
    await witness.next();

    const { pid, sid } = socket.answer;
    const back = await connect(t, { pid, offset: socket.offset, token: "x" });
    assert.deepEqual(back.answer, { sid, pid });
    const [a, b, c, d, bytes, auth] = await back.take(6);
    assert.deepEqual(
      [a, b, c].map((text) => parse(text).slice(0, -1)),
      [["to-room", 1], ["to-all-others", "é"], ["to-you"]],
    );
    assert.match(d, /^451-\["bytes",\{"_placeholder":true,"num":0\},"[^"]+"\]$/);
    assert.deepEqual(bytes, Buffer.from([1, 2, 3]));
    assert.deepEqual(parse(auth).slice(0, 2), ["auth", { pid, offset: socket.offset, token: "x" }]);
    const [found] = await call(witness, "fetch-sockets", room);
    assert.deepEqual(found, [{ id: sid, rooms: [sid, room] }]);
    witness.send(`42${JSON.stringify(["room-emit", room, "live"])}`);
    assert.equal(parse(await back.next())[0], "live");
  });

  test("it may break again and again, on whatever core it comes back", async (t) => {
    const witness = await fresh(t);
    let socket = await fresh(t);
    let { offset } = socket;
    const { sid, pid } = socket.answer;
    for (let round = 0; round < 10; ++round) {
      await cut(socket, witness);
      for (let i = 0; i < 3; ++i) witness.send(`42${JSON.stringify(["room-emit", sid, "n", 3 * round + i])}`);
      await call(witness, "message-with-ack");
      socket = await connect(t, { pid, offset });
      assert.deepEqual(socket.answer, { sid, pid });
      const events = (await socket.take(4)).map(parse);
      assert.deepEqual(events.map((event) => event[1]).slice(0, 3), [0, 1, 2].map((i) => 3 * round + i));
      offset = events.at(-1).at(-1);
    }
  });

  for (const [what, spoil] of [
    ["an unknown pid", (auth) => ({ ...auth, pid: "somebody else's" })],
    ["an unknown offset", (auth) => ({ ...auth, offset: "never sent" })],
    ["no offset", ({ pid }) => ({ pid })],
    ["a pid that is no text", (auth) => ({ ...auth, pid: 5 })],
  ]) {
    test(`${what} is a new socket`, async (t) => {
      const [witness, socket] = [await fresh(t), await fresh(t)];
      await cut(socket, witness);
      const { pid, sid } = socket.answer;
      const back = await connect(t, spoil({ pid, offset: socket.offset }));
      assert.notEqual(back.answer.sid, sid);
      assert.notEqual(back.answer.pid, pid);
      assert.equal(parse(await back.next())[0], "auth");
    });
  }

  test("who left, or was sent away, does not come back as the same", async (t) => {
    for (const leave of ["41", '42["kick-me",false]']) {
      const socket = await fresh(t);
      socket.send(leave);
      if (leave !== "41") assert.equal(await socket.next(), "41");
      const back = await connect(t, { pid: socket.answer.pid, offset: socket.offset });
      assert.notEqual(back.answer.sid, socket.answer.sid);
    }
  });

  test("a polling session that comes back is recovered too", async (t) => {
    const witness = await fresh(t);
    const session = await Polling.start(server.url, "/socket.io/");
    await session.post("40");
    const [answer, auth] = await session.atLeast(2);
    const { sid, pid } = parse(answer);
    await session.post("1");
    witness.send('42["broadcast","missed"]');
    await call(witness, "message-with-ack");
    const back = await Polling.start(server.url, "/socket.io/");
    await back.post(`40${JSON.stringify({ pid, offset: parse(auth).at(-1) })}`);
    const packets = await back.atLeast(3);
    assert.deepEqual(parse(packets[0]), { sid, pid });
    assert.equal(parse(packets[1])[0], "missed");
  });

  for (const transport of ["websocket", "polling"]) {
    test(`a stock client on ${transport} recovers by itself`, async (t) => {
      const witness = await fresh(t);
      const socket = io(server.url, { transports: [transport], forceNew: true, reconnectionDelay: 100, reconnectionDelayMax: 100 });
      t.after(() => socket.close());
      const numbers = [];
      socket.on("n", (n) => numbers.push(n));
      await within(new Promise((resolve) => socket.once("auth", resolve)), "auth");
      const { id } = socket;
      let sent = 0;
      for (let round = 0; round < 3; ++round) {
        const again = new Promise((resolve) => socket.once("connect", resolve));
        socket.io.engine.close();
        for (let i = 0; i < 10; ++i) witness.send(`42${JSON.stringify(["room-emit", id, "n", ++sent])}`);
        await within(again, "connect");
        assert.equal(socket.recovered, true);
        assert.equal(socket.id, id);
      }
      await untilTruthy(
        () => new Promise((resolve) => setImmediate(() => resolve(numbers.length >= sent))),
        "all that was sent",
      );
      assert.deepEqual(numbers, Array.from({ length: sent }, (_, i) => i + 1));
    });
  }
});
