import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Server } from "./support/server.mjs";

describe("HTTP", () => {
  let server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server.dispose());

  test("/health has the original's shape", async () => {
    const answer = await fetch(`${server.url}/health`);
    assert.equal(answer.status, 200);
    const body = await answer.json();
    assert.deepEqual(Object.keys(body).sort(), ["redis", "status", "uptime"]);
    assert.equal(body.status, "ok");
    assert.equal(body.redis, "disabled");
    assert.equal(typeof body.uptime, "number");
    assert.ok(body.uptime >= 0 && body.uptime < 600);
  });

  test("/ready answers 200 while the server takes work", async () => {
    assert.equal((await fetch(`${server.url}/ready`)).status, 200);
  });

  test("the page comes with a content security policy that allows nothing inline", async () => {
    const answer = await fetch(server.url);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type"), /text\/html/);
    const policy = answer.headers.get("content-security-policy");
    assert.match(policy, /default-src 'self'/);
    assert.doesNotMatch(policy, /unsafe/);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  });

  test("what does not exist is 404, and no path leaves the folder of the page", async () => {
    for (const path of ["/nothing", "/../package.json", "/%2e%2e/package.json", "/assets/..%2f..%2f..%2fpackage.json"]) {
      assert.equal((await fetch(`${server.url}${path}`)).status, 404, path);
    }
  });
});
