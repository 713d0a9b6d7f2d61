import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { makeFolder } from "./support/folder.mjs";
import { Reader, sockets } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { eventually, isAlive } from "./support/wait.mjs";

function chunksOf(client, jobId) {
  return client.of(jobId).filter(({ name }) => name === "job:chunk").map(({ body }) => body.payload.chunk);
}

describe("exec", () => {
  let server;
  before(async () => {
    server = await Server.start({
      config: `
[exec.commands.say]
argv = ["/bin/sh", "-c", "echo one; echo two >&2; echo three"]
[exec.commands.echo]
argv = ["/bin/echo"]
allow_args = true
[exec.commands.fail]
argv = ["/bin/sh", "-c", "echo before; exit 7"]
[exec.commands.family]
argv = ["/bin/sh", "-c", "sleep 1000 & echo $! $$; wait"]
`,
    });
  });
  after(() => server.dispose());
  const open = (t) => sockets(t)(server.url, server.token("ada"));

  async function family(client) {
    const jobId = await client.start("exec", { command: "family" });
    await client.chunks(jobId, 1);
    const pids = chunksOf(client, jobId)[0].text.trim().split(" ").map(Number);
    assert.ok(pids.every(isAlive));
    return { jobId, pids };
  }

  test("streams stdout and stderr and tells the exit status", async (t) => {
    const client = open(t);
    const jobId = await client.start("exec", { command: "say" });
    const ending = await client.ending(jobId);
    assert.deepEqual(ending.body.payload, { result: { exitCode: 0 } });
    const text = (stream) =>
      chunksOf(client, jobId).filter((chunk) => chunk.stream === stream).map((chunk) => chunk.text).join("");
    assert.equal(text("stdout"), "one\nthree\n");
    assert.equal(text("stderr"), "two\n");
  });

  test("passes arguments as they are, with no shell between", async (t) => {
    const client = open(t);
    const jobId = await client.start("exec", { command: "echo", args: ["a b", "$HOME", "; exit 1"] });
    await client.ending(jobId);
    assert.equal(chunksOf(client, jobId).map(({ text }) => text).join(""), "a b $HOME ; exit 1\n");
  });

  test("a command that fails fails the job and keeps its output", async (t) => {
    const client = open(t);
    const jobId = await client.start("exec", { command: "fail" });
    const ending = await client.ending(jobId);
    assert.equal(ending.name, "job:failed");
    assert.match(ending.body.payload.error, /7/);
    assert.equal(ending.body.payload.code, "handler_failed");
    assert.deepEqual(ending.body.payload.partialOutput, [{ stream: "stdout", text: "before\n" }]);
  });

  test("a command that is not on the list, or arguments that are not allowed, are refused", async (t) => {
    const client = open(t);
    for (const input of [{ command: "/bin/sh" }, { command: "say", args: ["x"] }, {}]) {
      assert.equal((await client.call("start:job", { type: "exec", input })).code, "bad_request");
    }
  });

  test("cancel kills the whole process group", async (t) => {
    const client = open(t);
    const { jobId, pids } = await family(client);
    assert.equal((await client.call("cancel:job", jobId)).state, "cancelled");
    await eventually(() => !pids.some(isAlive), "end of the processes");
    assert.equal((await client.ending(jobId)).name, "job:cancelled");
  });

  test("kill -9 of the server kills it too, and the job fails as interrupted", async (t) => {
    const client = open(t);
    const { jobId, pids } = await family(client);
    const reader = new Reader(client, jobId);
    await reader.reached(2);
    await server.kill();
    await eventually(() => !pids.some(isAlive), "end of the processes");
    await server.start();
    const ending = await reader.finished();
    assert.equal(ending.name, "job:failed");
    assert.equal(ending.body.payload.code, "interrupted");
    assert.equal(reader.chunks.length, 1, "the output is kept");
  });
});

describe("search", () => {
  const folder = makeFolder(60, 5);
  let server;
  before(async () => {
    server = await Server.start({ args: ["--search-folder", folder.path] });
  });
  after(async () => {
    await server.dispose();
    folder.remove();
  });
  const open = (t) => sockets(t)(server.url, server.token("ada"));
  const hash = (chunk) => createHash("sha256").update(JSON.stringify(chunk)).digest("hex");

  test("finds every passage once, ranked, with file, line and the match marked", async (t) => {
    const client = open(t);
    const jobId = await client.start("search", { query: "needle", limit: 1000 });
    const ending = await client.ending(jobId);
    assert.equal(ending.name, "job:completed", JSON.stringify(ending.body));
    const chunks = chunksOf(client, jobId);
    assert.equal(ending.body.payload.result.hits, folder.places.size);
    assert.deepEqual(chunks.map(({ rank }) => rank), chunks.map((_, index) => index + 1));
    assert.deepEqual(new Set(chunks.map(({ file, line }) => `${file}:${line}`)), folder.places);
    for (const { snippet } of chunks) assert.equal(snippet[1], "needle");
  });

  test("limit, no hit, and a query without a word", async (t) => {
    const client = open(t);
    const some = await client.start("search", { query: "needle", limit: 7 });
    assert.equal((await client.ending(some)).body.payload.result.hits, 7);
    const one = await client.start("search", { query: "unique" });
    assert.equal((await client.ending(one)).body.payload.result.hits, 1);
    const none = await client.start("search", { query: "absentword" });
    assert.equal((await client.ending(none)).body.payload.result.hits, 0);
    for (const input of [{ query: "  " }, { query: "" }, {}, { query: 7 }, { query: "x", limit: 0 }]) {
      assert.equal((await client.call("start:job", { type: "search", input })).code, "bad_request");
    }
  });

  test("a run through a kill -9 gives the hits of a run without, hash by hash", async (t) => {
    const client = open(t);
    const plain = await client.start("search", { query: "needle", limit: 1000 });
    await client.ending(plain);
    const expected = chunksOf(client, plain).map(hash);
    const jobId = await client.start("search", { query: "needle", limit: 1000, ratePerSecond: 150 });
    const reader = new Reader(client, jobId);
    await client.chunks(jobId, 70);
    await server.crash();
    assert.equal((await reader.finished()).name, "job:completed");
    assert.deepEqual(reader.chunks.map(hash), expected);
  });
});

describe("llm", () => {
  /** An OpenAI-compatible endpoint that does what the test says. */
  const upstream = createServer();
  let server;
  let respond;
  const requests = [];
  before(async () => {
    upstream.on("request", async (request, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      requests.push({ url: request.url, authorization: request.headers.authorization, body: JSON.parse(body) });
      respond(response);
    });
    upstream.listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const base = `http://127.0.0.1:${upstream.address().port}`;
    server = await Server.start({
      config: `[llm]\nbase_url = "${base}/v1"\napi_key = "key-of-the-test"\nmodel = "small"
[jobs.types.llm]\nattempts = 3\nbackoff_ms = 20\n`,
    });
  });
  after(async () => {
    await server.dispose();
    upstream.closeAllConnections();
    upstream.close();
  });
  const open = (t) => sockets(t)(server.url, server.token("ada"));

  const words = ["Hawsers ", "hold ", "ships, ", "ünïcödé ", "too."];
  function delta(response, content, finish = null) {
    const choice = { index: 0, delta: content === undefined ? {} : { content }, finish_reason: finish };
    response.write(`data: ${JSON.stringify({ model: "small-1", choices: [choice] })}\n\n`);
  }
  function answer(response) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const word of words) delta(response, word);
    delta(response, undefined, "stop");
    response.end("data: [DONE]\n\n");
  }

  test("streams the deltas of the endpoint and its finish reason", async (t) => {
    respond = answer;
    const client = open(t);
    const jobId = await client.start("llm", { prompt: "What holds ships?", temperature: 0 });
    const ending = await client.ending(jobId);
    assert.equal(ending.name, "job:completed", JSON.stringify(ending.body));
    assert.equal(chunksOf(client, jobId).join(""), words.join(""));
    assert.equal(ending.body.payload.result.finishReason, "stop");
    assert.equal(ending.body.payload.result.model, "small-1");
    const asked = requests.at(-1);
    assert.equal(asked.url, "/v1/chat/completions");
    assert.equal(asked.authorization, "Bearer key-of-the-test");
    assert.equal(asked.body.model, "small");
    assert.equal(asked.body.stream, true);
    assert.deepEqual(asked.body.messages, [{ role: "user", content: "What holds ships?" }]);
  });

  test("a refusal of the endpoint is a readable failure without the key, and resume:job runs it again", async (t) => {
    respond = (response) => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: "Incorrect API key provided: key-of-the-test" } }));
    };
    const client = open(t);
    const jobId = await client.start("llm", { prompt: "again" });
    const failure = await client.event("job:failed", (body) => body.jobId === jobId);
    assert.equal(failure.payload.code, "upstream_failed");
    assert.match(failure.payload.error, /refused the API key/);
    assert.doesNotMatch(JSON.stringify(failure), /key-of-the-test/);

    respond = answer;
    assert.deepEqual(await client.call("resume:job", jobId), { ok: true });
    await client.event("job:completed", (body) => body.jobId === jobId);
    const events = client.of(jobId);
    assert.deepEqual(events.map(({ body }) => body.sequence), events.map((_, index) => index + 1));
    const after = events.slice(events.findIndex(({ name }) => name === "job:failed") + 1);
    assert.equal(after[0].name, "job:resumed");
    assert.equal(after.filter(({ name }) => name === "job:chunk").map(({ body }) => body.payload.chunk).join(""), words.join(""));
  });

  test("an endpoint that is busy is asked again, and what it had said is withdrawn openly", async (t) => {
    let asked = 0;
    respond = (response) => {
      if (++asked === 1) return response.writeHead(503).end();
      if (asked === 3) return answer(response);
      response.writeHead(200, { "content-type": "text/event-stream" });
      delta(response, "to be withdrawn");
      setImmediate(() => response.destroy());
    };
    const client = open(t);
    const jobId = await client.start("llm", { prompt: "patience" });
    assert.equal((await client.ending(jobId)).name, "job:completed");
    const events = client.of(jobId);
    const resumed = events.filter(({ name }) => name === "job:resumed").map(({ body }) => body.payload);
    assert.deepEqual(resumed.map(({ attempt }) => attempt), [2, 3]);
    const last = events.findLastIndex(({ name }) => name === "job:resumed");
    const after = events.slice(last).filter(({ name }) => name === "job:chunk");
    assert.equal(after.map(({ body }) => body.payload.chunk).join(""), words.join(""));
    assert.ok(resumed[1].keepThrough < events.find(({ name }) => name === "job:chunk").body.sequence);
  });

  test("an endpoint that stays down fails the job after its attempts, with its last error", async (t) => {
    const before = requests.length;
    respond = (response) => response.writeHead(502).end();
    const client = open(t);
    const jobId = await client.start("llm", { prompt: "down" });
    const ending = await client.ending(jobId);
    assert.equal(ending.name, "job:failed");
    assert.match(ending.body.payload.error, /failed with status 502/);
    assert.equal(requests.length - before, 3);
  });

  test("cancel closes the connection to the endpoint", async (t) => {
    let closed;
    respond = (response) => {
      closed = once(response, "close");
      response.writeHead(200, { "content-type": "text/event-stream" });
      delta(response, "first");
    };
    const client = open(t);
    const jobId = await client.start("llm", { prompt: "for ever" });
    await client.chunks(jobId, 1);
    assert.equal((await client.call("cancel:job", jobId)).state, "cancelled");
    await closed;
    assert.equal((await client.ending(jobId)).name, "job:cancelled");
  });
});
