// Where a later run joins the output of the ones before.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PermanentError } from "../dist/index.js";
import { aJob, FakeServer } from "./support/fake_server.mjs";

/** What `begin` said and the handler was told. */
async function resumed(t, job, plan) {
  let told;
  const run = async ({ chunkCount, checkpoint, attempt }) => void (told = { chunkCount, checkpoint, attempt });
  const server = new FakeServer(t, { handlers: { t: { run, ...(plan && { plan }) } } });
  const { from } = await server.begin(aJob({ hasBegun: true, attempt: 2, ...job }));
  return { from, told, server };
}

describe("without a plan", () => {
  test("a job with a checkpoint goes on from it, and withdraws what is behind", async (t) => {
    const { from, told } = await resumed(t, { chunkCount: 7, checkpoint: { next: 5 }, checkpointChunkCount: 5 });
    assert.equal(from, "checkpoint");
    assert.deepEqual(told, { chunkCount: 5, checkpoint: { next: 5 }, attempt: 2 });
  });
  test("a checkpoint whose state is null is one", async (t) => {
    const { from } = await resumed(t, { chunkCount: 7, checkpoint: null, checkpointChunkCount: 5 });
    assert.equal(from, "checkpoint");
  });
  test("a job without a checkpoint begins again, and withdraws its chunks", async (t) => {
    const { from, told } = await resumed(t, { chunkCount: 7 });
    assert.equal(from, "beginning");
    assert.deepEqual(told, { chunkCount: 0, checkpoint: undefined, attempt: 2 });
  });
  test("a job without chunks withdraws nothing", async (t) => {
    const { from } = await resumed(t, { chunkCount: 0 });
    assert.equal(from, "last_event");
  });
});

describe("a plan", () => {
  test("is asked with what there is, and its answer is what the handler gets", async (t) => {
    let asked;
    const plan = async (job) => {
      asked = [job.chunkCount, job.checkpoint, job.checkpointChunkCount];
      return "last_event";
    };
    const { from, told } = await resumed(t, { chunkCount: 7, checkpoint: "c", checkpointChunkCount: 5 }, plan);
    assert.deepEqual(asked, [7, "c", 5]);
    assert.equal(from, "last_event");
    assert.deepEqual(told, { chunkCount: 7, checkpoint: "c", attempt: 2 });
  });
  test("may throw all output away, and the checkpoint with it", async (t) => {
    const { told } = await resumed(t, { chunkCount: 7, checkpoint: "c", checkpointChunkCount: 5 }, () => "beginning");
    assert.deepEqual(told, { chunkCount: 0, checkpoint: undefined, attempt: 2 });
  });
  test("is not asked before the first run", async (t) => {
    const { from } = await resumed(t, { hasBegun: false, attempt: 1 }, () => assert.fail("asked"));
    assert.equal(from, "last_event");
  });

  async function refused(t, job, plan) {
    let ran = false;
    const server = new FakeServer(t, { handlers: { t: { run: async () => void (ran = true), plan } } });
    await server.welcome();
    await server.answer("claim", { jobs: [aJob({ hasBegun: true, attempt: 2, chunkCount: 3, ...job })] });
    return { server, didRun: () => ran };
  }
  const refusal = () => {
    throw new PermanentError("Payments are not made twice.", { code: "interrupted" });
  };

  test("refuses by throwing: the job fails without another run, its output untouched", async (t) => {
    const { server, didRun } = await refused(t, {}, refusal);
    const { error, retryable } = await server.answer("finish", { ok: true, state: "failed" });
    assert.deepEqual(error, { message: "Payments are not made twice.", code: "interrupted" });
    assert.equal(retryable, false);
    assert.equal(didRun(), false);
  });
  test("that refuses a job its user has resumed begins it first, as the log demands", async (t) => {
    const { server, didRun } = await refused(t, { resumed: true }, refusal);
    assert.equal((await server.answer("begin")).from, "last_event");
    assert.equal((await server.answer("finish", { ok: true, state: "failed" })).error.code, "interrupted");
    assert.equal(didRun(), false);
  });
  test("that answers nonsense fails the job and says so", async (t) => {
    const { server } = await refused(t, {}, () => "somewhere");
    assert.match((await server.answer("finish", { ok: true, state: "failed" })).error.message, /The plan answered somewhere/);
  });
});
