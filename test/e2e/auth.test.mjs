import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { sockets, transports } from "./support/client.mjs";
import { Server, signToken } from "./support/server.mjs";

const secret = "n8Zp2vQ4xK7mT1rW6yB3cF9hJ5gD0sLa";
const hour = 3600;
const now = () => Math.floor(Date.now() / 1000);

for (const transport of transports) {
  describe(`a connection by ${transport}`, () => {
    let server;
    before(async () => {
      server = await Server.start({ dev: false, env: { JWT_SECRET: secret } });
    });
    after(() => server.dispose());
    const options = { transports: [transport], reconnection: false };

    test("is accepted with a token of hawser token and greeted with connected first", async (t) => {
      const client = sockets(t)(server.url, server.token("ada"), options);
      const greeting = await client.connected();
      assert.equal(greeting.userId, "ada");
      assert.equal(greeting.serverVersion, "1.0.0");
      assert.ok(Math.abs(greeting.timestamp - Date.now()) < 60_000);
      assert.equal(client.received[0].name, "connected");
    });

    const accepted = {
      "userId in auth.token": { auth: { token: signToken(secret, { userId: "bob" }) } },
      "sub where userId is missing": { auth: { token: signToken(secret, { sub: "bob" }) } },
      "a token in the query": { auth: {}, query: { token: signToken(secret, { userId: "bob" }) } },
      "a token that expires later": { auth: { token: signToken(secret, { userId: "bob", exp: now() + hour }) } },
    };
    for (const [what, more] of Object.entries(accepted)) {
      test(`accepts ${what}`, async (t) => {
        const client = sockets(t)(server.url, undefined, { ...options, ...more });
        assert.equal((await client.connected()).userId, "bob");
      });
    }

    const refused = {
      "no token": [undefined, "Authentication token required"],
      "garbage": ["garbage", "Authentication failed"],
      "another secret": [signToken("x".repeat(32), { userId: "bob" }), "Authentication failed"],
      "an expired token": [signToken(secret, { userId: "bob", exp: now() - hour }), "Authentication failed"],
      "a token from the future": [signToken(secret, { userId: "bob", nbf: now() + hour }), "Authentication failed"],
      "another algorithm": [signToken(secret, { userId: "bob" }, "HS512"), "Authentication failed"],
      "no userId": [signToken(secret, { name: "bob" }), "Invalid token: missing userId"],
    };
    for (const [what, [token, message]] of Object.entries(refused)) {
      test(`refuses ${what} with the original's text`, async (t) => {
        const client = sockets(t)(server.url, token, options);
        assert.equal(await client.refusal(), message);
        assert.equal(client.socket.connected, false);
        assert.equal(client.socket.active, false, "a refused client does not come back by itself");
      });
    }
  });
}

describe("serve", () => {
  for (const [what, env] of Object.entries({
    "no secret": {},
    "a short secret": { JWT_SECRET: "short" },
    "a sample secret": { JWT_SECRET: "your-secret-key" },
  })) {
    test(`refuses to start with ${what}`, async (t) => {
      const server = new Server({ dev: false, env });
      t.after(() => server.dispose());
      await assert.rejects(server.start(), /ended with [1-9]/);
      assert.match(server.logText(), /secret/i);
    });
  }

  test("--dev keeps its secret, readable by its owner only, so that tokens outlive a restart", async (t) => {
    const server = await Server.start();
    t.after(() => server.dispose());
    const token = server.token("ada");
    await server.crash();
    const client = sockets(t)(server.url, token);
    assert.equal((await client.connected()).userId, "ada");
  });
});
