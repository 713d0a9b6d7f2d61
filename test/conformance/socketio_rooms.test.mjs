import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { namespaceSockets, untilTruthy } from "./support/raw.mjs";
import { useServer } from "./support/server.mjs";

const placeholder = '{"_placeholder":true,"num":0}';

/** Each test has a server of its own making of sockets, so it counts only those that it knows. */
describe("Socket.IO rooms and broadcasts", () => {
  const server = useServer();
  let names = 0;
  const uniqueRoom = () => `room ${++names} é"\\`;

  /** Enough connections to be on all cores. */
  async function crowd(t, count = 6, nsp = "/") {
    const connect = namespaceSockets(t, server.url);
    const sockets = [];
    for (let i = 0; i < count; ++i) sockets.push(await connect(nsp));
    return sockets;
  }

  async function call(socket, ...event) {
    socket.send(`427${JSON.stringify(event)}`);
    const answer = await socket.next();
    assert.ok(answer.startsWith("437["), answer);
    return JSON.parse(answer.slice(3));
  }

  /** What each socket has received up to a broadcast to all, which every core delivers behind earlier ones. */
  async function receivedBy(sockets, prefix = "") {
    const end = `end ${++names}`;
    sockets[0].send(`42${prefix}${JSON.stringify(["all-emit", end])}`);
    const lists = [];
    for (const socket of sockets) {
      const list = [];
      for (let text = await socket.next(); text !== `42${prefix}["${end}"]`; text = await socket.next()) list.push(text);
      lists.push(list);
    }
    return lists;
  }

  test("join and leave are acked without arguments", async (t) => {
    const [socket] = await crowd(t, 1);
    const room = uniqueRoom();
    assert.deepEqual(await call(socket, "join", room), []);
    assert.deepEqual(await call(socket, "join", room), []);
    assert.deepEqual(await call(socket, "leave", room), []);
    assert.deepEqual(await call(socket, "leave", "never joined"), []);
  });

  test("what goes to a room reaches everybody in it once, the sender too, and nobody else", async (t) => {
    const sockets = await crowd(t);
    const room = uniqueRoom();
    for (const socket of sockets.slice(0, 4)) await call(socket, "join", room);
    await call(sockets[0], "leave", room);
    sockets[1].send(`42${JSON.stringify(["room-emit", room, "said", 1, "é"])}`);
    sockets[5].send(`42${JSON.stringify(["room-emit", "nobody is here", "lost"])}`);
    const [first, ...others] = await receivedBy([sockets[1], sockets[0], ...sockets.slice(2)]);
    const said = ['42["said",1,"é"]'];
    assert.deepEqual(first, said);
    assert.deepEqual(others, [[], said, said, [], []]);
  });

  test("a socket is in the room of its id", async (t) => {
    const sockets = await crowd(t);
    sockets[0].send(`42${JSON.stringify(["room-emit", sockets[3].sid, "secret"])}`);
    const lists = await receivedBy(sockets);
    assert.deepEqual(lists.map((list) => list.length), [0, 0, 0, 1, 0, 0]);
  });

  test("a broadcast reaches all but its sender", async (t) => {
    const sockets = await crowd(t);
    sockets[2].send('42["broadcast","hear",{"a":[1]}]');
    const [own, ...others] = await receivedBy([sockets[2], ...sockets.filter((_, i) => i !== 2)]);
    assert.deepEqual(own, []);
    for (const list of others) assert.deepEqual(list, ['42["hear",{"a":[1]}]']);
  });

  test("the sender sees its broadcast to all before the answer to what it asks next", async (t) => {
    const [socket] = await crowd(t, 1);
    socket.send('42["all-emit","first"]');
    socket.send('42["message","second"]');
    assert.deepEqual(await socket.take(2), ['42["first"]', '42["message-back","second"]']);
  });

  test("all sockets see the broadcasts of all senders in one order", async (t) => {
    const sockets = await crowd(t);
    for (let i = 0; i < 50; ++i) sockets.forEach((socket, who) => socket.send(`42["all-emit","x",${who},${i}]`));
    const lists = await Promise.all(sockets.map((socket) => socket.take(50 * sockets.length)));
    for (const list of lists) assert.deepEqual(list, lists[0]);
    const own = lists[0].filter((text) => text.startsWith('42["x",0,'));
    assert.deepEqual(own, Array.from({ length: 50 }, (_, i) => `42["x",0,${i}]`));
  });

  test("bytes are broadcast too, and never between others' bytes", async (t) => {
    const sockets = await crowd(t);
    const bytes = Buffer.alloc(50_000, 7);
    for (let i = 0; i < 10; ++i) {
      for (const socket of sockets) {
        socket.send(`451-["all-emit","x",${placeholder}]`);
        socket.send(bytes);
      }
    }
    for (const socket of sockets) {
      for (let i = 0; i < 10 * sockets.length; ++i) {
        const [header, attachment] = await socket.take(2);
        assert.equal(header, `451-["x",${placeholder}]`);
        assert.ok(bytes.equals(attachment));
      }
    }
  });

  test("namespaces have rooms of their own", async (t) => {
    const room = uniqueRoom();
    const [inRoot] = await crowd(t, 1);
    const custom = await crowd(t, 2, "/custom");
    await call(inRoot, "join", room);
    custom[0].send(`42/custom,${JSON.stringify(["room-emit", room, "lost"])}`);
    custom[0].send('42/custom,["all-emit","here"]');
    for (const list of await receivedBy(custom, "/custom,")) assert.deepEqual(list, ['42/custom,["here"]']);
    inRoot.send('42["message",1]');
    assert.equal(await inRoot.next(), '42["message-back",1]');
  });

  test("sockets are found by room on all cores, each with its rooms", async (t) => {
    const sockets = await crowd(t);
    const [a, b] = [uniqueRoom(), uniqueRoom()];
    for (const socket of sockets.slice(0, 4)) await call(socket, "join", a);
    await call(sockets[1], "join", b);
    const [found] = await call(sockets[5], "fetch-sockets", a);
    assert.deepEqual(
      new Map(found.map(({ id, rooms }) => [id, rooms])),
      new Map(sockets.slice(0, 4).map(({ sid }, i) => [sid, i === 1 ? [sid, a, b] : [sid, a]])),
    );
    assert.deepEqual(await call(sockets[0], "fetch-sockets", "nobody is here"), [[]]);
    const [all] = await call(sockets[0], "fetch-sockets", null);
    const ids = new Set(all.map(({ id }) => id));
    assert.ok(sockets.every(({ sid }) => ids.has(sid)));
  });

  test("who has left or is gone is in no room", async (t) => {
    const sockets = await crowd(t, 4);
    const room = uniqueRoom();
    for (const socket of sockets) await call(socket, "join", room);
    sockets[1].send("41");
    sockets[2].send("1");
    await sockets[2].closed();
    sockets[3].send('42["kick-me",false]');
    assert.equal(await sockets[3].next(), "41");
    const inRoom = async () => {
      const [found] = await call(sockets[0], "fetch-sockets", room);
      return found.length === 1 && found;
    };
    assert.deepEqual(await untilTruthy(inRoom, "one socket left"), [{ id: sockets[0].sid, rooms: [sockets[0].sid, room] }]);
    sockets[0].send(`42${JSON.stringify(["room-emit", room, "alone"])}`);
    assert.equal(await sockets[0].next(), '42["alone"]');
  });

  test("reserved names are not emitted for anybody", async (t) => {
    const [socket] = await crowd(t, 1);
    for (const name of ["disconnect", "connect", "connect_error"]) socket.send(`42["all-emit","${name}"]`);
    assert.deepEqual(await receivedBy([socket]), [[]]);
  });
});
