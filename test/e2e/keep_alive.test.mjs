import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { within } from "./support/client.mjs";
import { Server } from "./support/server.mjs";

const separator = "\u001e";

/** A long-polling client without a library; every request goes through the given agent. */
class PollingSession {
  constructor(server) {
    this.server = server;
    this.packets = [];
  }

  async open(agent, token) {
    const [packet] = await this.#send(agent, "GET");
    this.sid = JSON.parse(packet.slice(1)).sid;
    await this.post(agent, `40${JSON.stringify({ token })}`);
    await this.pollUntil(agent, () => this.events().some(([name]) => name === "connected"));
  }

  async post(agent, payload) {
    assert.deepEqual(await this.#send(agent, "POST", payload), ["ok"]);
  }

  async pollUntil(agent, done) {
    while (!done()) {
      const packets = await this.#send(agent, "GET");
      this.packets.push(...packets);
      if (packets.includes("2")) await this.post(agent, "3");
    }
  }

  events() {
    return this.packets.filter((packet) => packet.startsWith("42")).map((packet) => JSON.parse(packet.slice(2)));
  }

  #send(agent, method, body) {
    const sid = this.sid ? `&sid=${this.sid}` : "";
    const url = `${this.server.url}/socket.io/?EIO=4&transport=polling${sid}`;
    const answered = new Promise((resolve, reject) => {
      const sent = request(url, { agent, method, headers: body ? { "content-type": "text/plain" } : {} }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (piece) => (text += piece));
        response.on("end", () => {
          if (response.statusCode === 200) resolve(text.split(separator));
          else reject(new Error(`${method}: ${response.statusCode} ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
    return within(answered, `answer to ${method}`);
  }
}

/** An agent that counts the TCP connections it opens. */
function countingAgent(options) {
  const agent = new Agent({ keepAlive: true, ...options });
  const connect = agent.createConnection.bind(agent);
  agent.opened = 0;
  agent.createConnection = (...args) => {
    agent.opened += 1;
    return connect(...args);
  };
  return agent;
}

test("one keep-alive connection carries several sessions, whichever connections they were opened on", async (t) => {
  const server = await Server.start();
  t.after(() => server.dispose());
  const shared = countingAgent({ maxSockets: 1 });
  t.after(() => shared.destroy());

  const sessions = Array.from({ length: 6 }, () => new PollingSession(server));
  for (const [index, session] of sessions.entries()) {
    // Every second session begins on a connection of its own, hence possibly on another loop.
    const own = index % 2 === 1 ? countingAgent({}) : shared;
    await session.open(own, server.token(`user-${index}`));
    if (own !== shared) own.destroy();
  }
  const sids = new Set(sessions.map(({ sid }) => sid));
  assert.equal(sids.size, sessions.length);

  const start = ["start:job", { type: "test-job", input: { chunks: 30, intervalMs: 1 } }];
  for (const session of sessions) await session.post(shared, `421${JSON.stringify(start)}`);
  for (const session of sessions) {
    await session.pollUntil(shared, () => session.events().some(([name]) => name === "job:completed"));
  }
  for (const session of sessions) {
    const ack = session.packets.find((packet) => packet.startsWith("431"));
    const [{ jobId }] = JSON.parse(ack.slice(3));
    const events = session.events().filter(([, body]) => body.sequence);
    assert.deepEqual(events.map(([, body]) => body.sequence), events.map((_, index) => index + 1));
    assert.ok(events.every(([, body]) => body.jobId === jobId), "no event of another session");
    assert.equal(events.filter(([name]) => name === "job:chunk").length, 30);
  }
  assert.equal(shared.opened, 1);
});
