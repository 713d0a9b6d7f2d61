import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { Agent, request } from "node:https";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { Certificate } from "./support/certificate.mjs";
import { Reader, sockets, transports, within } from "./support/client.mjs";
import { Server, program } from "./support/server.mjs";
import { eventually } from "./support/wait.mjs";

const job = { chunks: 20, intervalMs: 1 };

/** Resolves with status and body of a GET. */
function get(send, url, options = {}) {
  const answered = new Promise((resolve, reject) => {
    const sent = send(url, options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (piece) => (body += piece));
      response.on("end", () => resolve({ status: response.statusCode, body }));
    });
    sent.on("error", reject).end();
  });
  return within(answered, `answer of ${url}`);
}

/** Resolves with a connected TLS socket, rejects with what the handshake ended with. */
async function handshake(server, options) {
  const socket = connect({ port: server.port, host: "127.0.0.1", ...options });
  await within(once(socket, "secureConnect"), "TLS handshake");
  return socket;
}

async function presented(server, ca) {
  const socket = await handshake(server, { ca });
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}

/** Runs `hawser …` and resolves with its end. */
function hawser(server, args, env = {}) {
  const child = spawn(program, args, { env: { ...server.env, ...env } });
  let out = "";
  let err = "";
  child.stdout.on("data", (bytes) => (out += bytes));
  child.stderr.on("data", (bytes) => (err += bytes));
  child.stdin.end();
  const ended = once(child, "close").then(([code]) => ({ code, out, err }));
  return within(ended, `end of hawser ${args.join(" ")}`);
}

describe("HTTPS", () => {
  const certificate = new Certificate();
  let server;
  before(async () => {
    server = await Server.start({ args: certificate.flags });
  });
  after(async () => {
    await server.dispose();
    certificate.dispose();
  });

  test("the ready line says https, and the log until when the certificate is valid", () => {
    assert.match(server.url, /^https:/);
    assert.match(server.logText(), /TLS certificate .*cert\.pem: valid until 20\d\d-\d\d-\d\d/);
  });

  for (const transport of [...transports, "both"]) {
    test(`stock socket.io-client streams a job by ${transport}`, async (t) => {
      const options = { ca: certificate.pem, transports: transport === "both" ? ["polling", "websocket"] : [transport] };
      const client = sockets(t)(server.url, server.token("ada"), options);
      await client.connected();
      if (transport === "both") {
        const { engine } = client.socket.io;
        await eventually(() => engine.transport.name === "websocket", "upgrade to WebSocket");
      }
      const reader = new Reader(client, await client.start("test-job", job));
      await reader.finished();
      assert.equal(reader.chunks.length, job.chunks);
    });
  }

  test("a client that does not trust the certificate refuses", async (t) => {
    const client = sockets(t)(server.url, server.token("ada"), { reconnection: false });
    await client.refusal();
    assert.equal(client.socket.connected, false);
  });

  test("many sessions at once, each on whichever loop it reaches, upgrade and stream", async (t) => {
    const open = sockets(t);
    const clients = Array.from({ length: 12 }, (_, index) =>
      open(server.url, server.token(`user-${index}`), { ca: certificate.pem, transports: ["polling", "websocket"] }),
    );
    await Promise.all(
      clients.map(async (client) => {
        await client.connected();
        const reader = new Reader(client, await client.start("test-job", { ...job, chunkBytes: 20_000 }));
        await reader.finished();
        assert.equal(reader.chunks.length, job.chunks);
      }),
    );
  });

  test("TLS 1.2 and 1.3 are spoken, 1.1 is not", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"]) {
      const socket = await handshake(server, { ca: certificate.pem, minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      socket.destroy();
    }
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
    await assert.rejects(handshake(server, { ca: certificate.pem, ...old }), /protocol version/i);
  });

  test("plain HTTP is told what the port speaks, and closed", async () => {
    const answer = await get(plainRequest, `http://127.0.0.1:${server.port}/health`);
    assert.equal(answer.status, 400);
    assert.match(answer.body, /HTTPS/);
  });

  test("a connection is kept alive over several requests", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ca: certificate.pem });
    for (let number = 0; number < 5; number += 1) {
      assert.equal((await get(request, `${server.url}/health`, { agent })).status, 200);
    }
    assert.equal(Object.values(agent.freeSockets).flat().length, 1);
    agent.destroy();
  });

  test("run and watch work with --ca-file and with SSL_CERT_FILE, and refuse without", async () => {
    const run = ["run", "test-job", "--url", server.url, "--input", JSON.stringify(job)];
    const byFlag = await hawser(server, [...run, "--ca-file", certificate.file]);
    assert.equal(byFlag.code, 0, byFlag.err);
    assert.equal(byFlag.out.match(/Chunk \d+ of 20/g).length, 20);
    const byEnvironment = await hawser(server, run, { SSL_CERT_FILE: certificate.file });
    assert.equal(byEnvironment.code, 0, byEnvironment.err);
    const [jobId] = /job_\w+/.exec(byFlag.out + byFlag.err);
    const byName = `https://localhost:${server.port}`;
    const watched = await hawser(server, ["watch", jobId, "--url", byName, "--ca-file", certificate.file]);
    assert.equal(watched.code, 0, watched.err);
    assert.equal(watched.out.match(/Chunk \d+ of 20/g).length, 20);
    const refused = await hawser(server, run);
    assert.notEqual(refused.code, 0);
    assert.match(refused.err, /certificate of 127\.0\.0\.1:\d+ is not accepted: self.signed certificate.*--ca-file/);
  });

  test("an administrator's token goes only to a server that has proved its name", async () => {
    const list = ["jobs", "list", "--url", server.url];
    const trusted = await hawser(server, [...list, "--ca-file", certificate.file]);
    assert.equal(trusted.code, 0, trusted.err);
    const byName = ["jobs", "queue", "--url", `https://localhost:${server.port}`, "--ca-file", certificate.file];
    assert.equal((await hawser(server, byName)).code, 0);
    const refused = await hawser(server, list);
    assert.notEqual(refused.code, 0);
    assert.match(refused.err, /is not accepted: self.signed certificate.*--ca-file/);
    const plain = await hawser(server, ["jobs", "list", "--url", server.url.replace("https", "http")]);
    assert.notEqual(plain.code, 0);
  });

  test("the command line says when http and https are mixed up", async () => {
    const run = ["run", "test-job", "--input", JSON.stringify(job)];
    const plain = await hawser(server, [...run, "--url", server.url.replace("https", "http")]);
    assert.notEqual(plain.code, 0);
    assert.match(plain.err, /HTTP 400/);
    const other = await Server.start();
    try {
      const secure = await hawser(other, [...run, "--url", other.url.replace("http", "https")]);
      assert.notEqual(secure.code, 0);
      assert.match(secure.err, /does not speak TLS; use http:/);
    } finally {
      await other.dispose();
    }
  });

  test("doctor examines the certificate and finds the server", async () => {
    const tls = { HAWSER_SERVER_TLS_CERT_FILE: certificate.file, HAWSER_SERVER_TLS_KEY_FILE: certificate.keyFile };
    const env = { ...tls, HAWSER_HOST: "127.0.0.1", HAWSER_PORT: String(server.port) };
    const { out } = await hawser(server, ["doctor"], env);
    assert.match(out, /^ok +tls +the certificate is valid until 20/m);
    assert.match(out, /^ok +port +a Hawser is healthy at/m);
  });
});

describe("SIGHUP", () => {
  test("new connections get the renewed certificate and old ones live on", async (t) => {
    const [first, second] = [new Certificate("first"), new Certificate("second")];
    const server = await Server.start({ args: first.flags });
    t.after(async () => {
      await server.dispose();
      first.dispose();
      second.dispose();
    });
    const ca = [first.pem, second.pem];
    const old = sockets(t)(server.url, server.token("ada"), { ca, reconnection: false });
    await old.connected();
    assert.equal(await presented(server, ca), "first");

    first.replaceWith(second);
    server.child.kill("SIGHUP");
    await eventually(async () => (await presented(server, ca)) === "second", "the second certificate");
    const fresh = sockets(t)(server.url, server.token("ada"), { ca: second.pem });
    await fresh.connected();
    await old.ending(await old.start("test-job", job));
    assert.equal(old.socket.connected, true);

    // Something wrong with the files changes nothing, and is said without showing the key.
    const key = readFileSync(first.keyFile, "utf8");
    writeFileSync(first.file, "no certificate\n");
    server.child.kill("SIGHUP");
    const lines = () => server.logText().split("\n").filter((line) => line.includes("SIGHUP: nothing has changed"));
    await eventually(() => lines().length === 1, "a word in the log");
    assert.match(lines()[0], /server\.tls_cert_file: .*cert\.pem holds no certificate/);
    writeFileSync(first.file, second.pem);
    chmodSync(first.keyFile, 0o644);
    server.child.kill("SIGHUP");
    await eventually(() => lines().length === 2, "a word in the log");
    assert.match(lines()[1], /server\.tls_key_file: .*chmod 600/);
    assert.equal(await presented(server, ca), "second");
    await old.ending(await old.start("test-job", job));
    for (const line of key.split("\n").filter((text) => text && !text.startsWith("-----"))) {
      assert.ok(!server.logText().includes(line));
    }
  });

  test("without TLS it is a word in the log and nothing else", async (t) => {
    const server = await Server.start();
    t.after(() => server.dispose());
    server.child.kill("SIGHUP");
    await eventually(() => /SIGHUP.*nothing/.test(server.logText()), "a word in the log");
    assert.equal((await fetch(`${server.url}/health`)).status, 200);
    const { code } = await server.end("SIGTERM");
    assert.equal(code, 0);
  });

  test("the server does not start with files that do not fit, and says which setting is wrong", async (t) => {
    const [certificate, other] = [new Certificate(), new Certificate()];
    t.after(() => [certificate, other].forEach((made) => made.dispose()));
    const refusals = [
      [["--tls-cert", certificate.file], /--tls-cert: server\.tls_cert_file is set without server\.tls_key_file/],
      [["--tls-key", certificate.keyFile], /--tls-key: server\.tls_key_file is set without server\.tls_cert_file/],
      [["--tls-cert", "/nowhere", "--tls-key", certificate.keyFile], /server\.tls_cert_file: \/nowhere cannot be opened/],
      [["--tls-cert", certificate.keyFile, "--tls-key", certificate.keyFile], /tls_cert_file: .* holds no certificate/],
      [["--tls-cert", certificate.file, "--tls-key", other.keyFile], /tls_key_file: .* does not belong/],
    ];
    for (const [args, message] of refusals) {
      const server = new Server({ args });
      await assert.rejects(server.start(), /ended with 2/);
      assert.match(server.logText(), message);
      await server.dispose();
    }
  });
});
