import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { io } from "socket.io-client";
import msgpack from "socket.io-msgpack-parser";
import { lines, within } from "./support/client.mjs";
import { Server } from "./support/server.mjs";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server.dispose());

const whatToDo = /only the default parser of Socket\.IO \(JSON\).*remove the client's option parser/;

/** Resolves with what the application of a refused client is told; the answer to a request is there during that only. */
function refusal(t, transports) {
  const options = { parser: msgpack, transports, auth: { token: server.token("ada") } };
  const socket = io(server.url, { ...options, forceNew: true, reconnection: false });
  t.after(() => socket.close());
  const told = (resolve) =>
    socket.on("disconnect", (reason, { description, context }) =>
      resolve({ reason, description, code: context.code, text: context.reason ?? context.responseText }),
    );
  return within(new Promise(told), "disconnect");
}

test("a client with the msgpack parser is closed with 1003 and a reason that says what to do", async (t) => {
  const { reason, code, text } = await refusal(t, lines.websocket);
  assert.equal(reason, "transport close");
  assert.equal(code, 1003);
  assert.match(text, whatToDo);
});

for (const line of ["polling", "upgrade"]) {
  test(`a client with the msgpack parser by ${line} has its post refused with the same sentence`, async (t) => {
    const { reason, description, text } = await refusal(t, lines[line]);
    assert.equal(reason, "transport error");
    assert.equal(description, 400);
    const { code, message } = JSON.parse(text);
    assert.equal(code, 3);
    assert.match(message, whatToDo);
  });
}
