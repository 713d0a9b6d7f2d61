// A checker that nobody saw refuse anything proves nothing: a sound history, and what is made of it by every kind of lie.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { check } from "./check_history.mjs";

const kPlan = { chunks: 2, mode: 0, fails: 0, cp: 0, large: 0 };

/** `[sequence, position, kind, attempt, tag, hash]` of the job `name`, its first event at `position`. */
function log(name, position, epoch = 1) {
  const kinds = [["job:started", ""], ["job:chunk", `c1.${epoch}`], ["job:chunk", `c2.${epoch}`], ["job:completed", "{}"]];
  return kinds.map(([kind, tag], index) => [index + 1, position + index, kind, 1, tag, `${name}-${index + 1}`]);
}

function readings(round) {
  const job = (j, owner, key, events) => ({
    e: "log", round, j, owner, key, plan: kPlan, state: "completed", active: false, head: 4, events,
  });
  return [
    job("j1", "a", "k1", log("j1", 1)),
    job("j2", "b", "k1", log("j2", 1)),
    { e: "stream", round, owner: "a", head: 4, events: [1, 2, 3, 4].map((n) => [n, "j1", n]) },
    { e: "stream", round, owner: "b", head: 4, events: [1, 2, 3, 4].map((n) => [n, "j2", n]) },
  ];
}

function worker(n, job, epoch = 1) {
  const ask = (add, c, more = {}) => ({ e: "cmd", n: n + add, by: "w1", c, j: job, epoch, ...more });
  const ok = (add, last, state = "running") => ({ e: "ack", t: add * 100_000, n: n + add, ok: true, j: job, epoch, state, last, dup: false });
  return [
    { e: "cmd", n, by: "s", c: "start", j: job, owner: job === "j1" ? "a" : "b", key: "k1" },
    { e: "ack", n, ok: true, j: job, epoch: 0, state: "created", last: 0, dup: false },
    { e: "ack", n: n + 1, ok: true, c: "claim", j: job, epoch, holder: "w1", lease: 3000, t: 0 },
    ask(2, "begin", { from: 0 }), ok(2, 1),
    { e: "made", events: [[job, 1, 1, "job:started", ""]] },
    ask(3, "append", { ps: 1, tags: ["c1.1", "c2.1"] }), ok(3, 3),
    { e: "made", events: [[job, 2, 2, "job:chunk", "c1.1"], [job, 3, 3, "job:chunk", "c2.1"]] },
    ask(4, "finish", { kind: "job:completed" }), ok(4, 4, "completed"),
    { e: "made", events: [[job, 4, 4, "job:completed", "{}"]] },
  ];
}

const kKinds = ["job:started", "job:chunk", "job:chunk", "job:completed"];
const see = (c, j, s) => ({ e: "see", c, j, s, k: kKinds[s - 1], h: `${j}-${s}` });

/** Two users with a job each; one of them loses the connection, comes back, and has the job replayed. */
function history() {
  return [
    { e: "seed", seed: 1, highWater: 1000, queue: 100 },
    { e: "start", inc: "i" },
    { e: "open", c: 1, user: "a", device: "a1", recovered: false },
    { e: "head", c: 1, inc: "i", p: 0, listed: {} },
    { e: "open", c: 2, user: "b", device: "b1", recovered: false },
    { e: "head", c: 2, inc: "i", p: 0, listed: {} },
    { e: "ask", c: 1, n: 1, what: "start", key: "k1" },
    ...worker(1, "j1"),
    { e: "told", c: 1, n: 1, what: "start", j: "j1", key: "k1" },
    see(1, "j1", 1), see(1, "j1", 2),
    { e: "gone", c: 1 },
    ...worker(10, "j2"),
    see(2, "j2", 1), see(2, "j2", 2), see(2, "j2", 3), see(2, "j2", 4),
    { e: "ask", c: 2, n: 1, what: "cancel", j: "j1" },
    { e: "told", c: 2, n: 1, what: "cancel", j: "j1", code: "not_found" },
    { e: "open", c: 3, user: "a", device: "a1", recovered: true, asked: true },
    { e: "head", c: 3, inc: "i", p: 2, listed: {} },
    see(3, "j1", 3), see(3, "j1", 4),
    { e: "ask", c: 3, n: 2, what: "sync", j: "j1", after: 1 },
    { e: "told", c: 3, n: 2, what: "sync", j: "j1" },
    see(3, "j1", 2), see(3, "j1", 3), see(3, "j1", 4),
    { e: "synced", c: 3, j: "j1", count: 3, after: 1 },
    { e: "calm" },
    { e: "peaks", buffered: 900, largest: 100, queued: 3, steps: 5 },
    ...readings(1),
    { e: "rest", sessions: 0, followed: 0, timers: 0, gauges: 0, connections: 0, reads: 0, queued: 0 },
    { e: "crash", power: true },
    { e: "start", inc: "i" },
    ...readings(2),
    { e: "cmd", n: 50, by: "admin", c: "purge", j: "j2" },
    { e: "ack", n: 50, ok: true, j: "j2", epoch: 0, state: "completed", last: 4, dup: false },
    { e: "crash", power: true },
    { e: "start", inc: "i" },
    readings(3)[0],
    { e: "log", round: 3, j: "j2", code: "gone" },
    { e: "left", owner: "a", floor: 0, head: 4, events: 4 },
    { e: "left", owner: "b", floor: 4, below: "reset", head: 4, events: 0 },
    { e: "end" },
  ];
}

const find = (facts, what) => {
  const index = facts.findIndex((fact) => Object.entries(what).every(([name, value]) => fact[name] === value));
  assert.notEqual(index, -1, `the history has ${JSON.stringify(what)}`);
  return index;
};
const change = (what, how) => (facts) => {
  const fact = facts[find(facts, what)];
  how(fact);
  return facts;
};
const drop = (what) => (facts) => facts.toSpliced(find(facts, what), 1);
const insert = (before, ...added) => (facts) => facts.toSpliced(find(facts, before), 0, ...added);
/** In both readings. */
const rewrite = (j, how) => (facts) => {
  for (const fact of facts) if (fact.e === "log" && fact.j === j) how(fact);
  return facts;
};

const lies = [
  ["an acknowledged chunk is not in the log", "lost", change({ c: "append" }, (cmd) => cmd.tags.push("c3.1"))],
  ["an announced event is another one in the log", "lost", change({ e: "made" }, (made) => (made.events[0][4] = "other"))],
  ["an acknowledged job is not there", "lost", (facts) => facts.filter(({ e, j }) => !(e === "log" && j === "j2"))],
  ["an acknowledged ending is not there", "lost", change({ c: "finish" }, (cmd) => (cmd.kind = "job:failed"))],
  ["a head was acknowledged that is not reached", "lost", change({ e: "ack", n: 5 }, (ack) => (ack.last = 9))],
  ["a job is another one after the last crash", "lost", change({ e: "log", round: 2 }, (it) => it.events.pop())],
  ["a log has a hole", "sequence", rewrite("j1", ({ events }) => (events[2][0] = 9))],
  ["a log is shorter than its head", "sequence", rewrite("j1", (it) => it.events.pop())],
  ["a sequence is used twice", "sequence", insert({ e: "calm" }, { e: "made", events: [["j1", 4, 9, "job:chunk", "c9.1"]] })],
  ["an event is announced twice", "duplicate", insert({ e: "calm" }, { e: "made", events: [["j1", 4, 4, "job:completed", "{}"]] })],
  ["a stream has another order than its logs", "sequence", change({ e: "stream" }, (it) => (it.events[0][2] = 2))],
  ["a chunk is there twice", "duplicate", rewrite("j1", ({ events }) => (events[2][4] = "c1.1"))],
  ["two epochs write between two beginnings", "fencing", rewrite("j1", ({ events }) => (events[2][4] = "c2.2"))],
  ["an old epoch is acknowledged", "fencing", insert({ e: "cmd", c: "append" }, { e: "ack", n: 90, ok: true, c: "claim", j: "j1", epoch: 2, holder: "w2", t: 9e9 })],
  ["an epoch is given out twice", "fencing", insert({ e: "calm" }, { e: "ack", n: 90, ok: true, c: "claim", j: "j1", epoch: 1, holder: "w2", t: 9e9 })],
  ["a job is given to two", "fencing", insert({ e: "cmd", c: "begin" }, { e: "ack", n: 90, ok: true, c: "claim", j: "j1", epoch: 2, holder: "w2", lease: 3000, t: 2_900_000 })],
  ["a lease of the server's own process is given away early", "fencing", (facts) => insert({ e: "cmd", c: "begin" }, { e: "ack", n: 90, ok: true, c: "claim", j: "j1", epoch: 2, holder: "w2", lease: 0, t: 4_900_000 })(change({ c: "claim" }, (it) => (it.lease = 0))(facts))],
  ["a job ends twice", "terminal", rewrite("j1", ({ events }) => (events[2][2] = "job:failed"))],
  ["something follows the end", "terminal", rewrite("j1", (it) => ((it.head = 5), it.events.push([5, 5, "job:chunk", 1, "c3.1", "x"])))],
  ["a job has another state than its log", "terminal", rewrite("j1", (it) => (it.state = "cancelled"))],
  ["a job begins in its middle", "terminal", rewrite("j1", ({ events }) => (events[1][2] = "job:started"))],
  ["a job never ends", "stuck", rewrite("j1", (it) => (it.active = true))],
  ["a completed job lacks output", "output", rewrite("j1", (it) => (it.plan = { ...kPlan, chunks: 3 }))],
  ["output is out of order", "output", rewrite("j1", ({ events }) => ((events[1][4] = "c2.1"), (events[2][4] = "c1.1")))],
  ["a key begins two jobs", "idempotency", change({ e: "cmd", c: "start", j: "j2" }, (cmd) => (cmd.owner = "a"))],
  ["a client saw what the log denies", "denied", change({ e: "see" }, (it) => (it.h = "other"))],
  ["a client saw what is not there", "denied", insert({ e: "calm" }, { ...see(3, "j1", 4), s: 5 })],
  ["an event is left out", "stream", drop({ e: "see", c: 2, s: 2 })],
  ["an event comes twice", "stream", insert({ e: "see", c: 2, s: 3 }, see(2, "j2", 2))],
  ["events are swapped", "stream", (facts) => insert({ e: "see", c: 2, s: 2 }, see(2, "j2", 3))(drop({ e: "see", c: 2, s: 3 })(facts))],
  ["a replay ends too early", "stream", insert({ e: "synced" }, { e: "ask", c: 3, n: 3, what: "sync", j: "j1", after: 0 }, { e: "told", c: 3, n: 3 }, see(3, "j1", 1), { e: "synced", c: 3, j: "j1", count: 1, after: 0 })],
  ["a replay counts wrongly", "stream", change({ e: "synced" }, (it) => (it.count = 2))],
  ["the last event does not come", "untold", drop({ e: "see", c: 2, s: 4 })],
  ["a replay never ends", "untold", drop({ e: "synced" })],
  ["a device is not connected in the end", "stuck", insert({ e: "calm" }, { e: "gone", c: 2 })],
  ["a stream is not continued", "recovery", change({ e: "open", c: 3 }, (it) => (it.recovered = false))],
  ["a recovered stream has a hole", "recovery", change({ e: "head", c: 3 }, (it) => (it.p = 3))],
  ["a recovered stream repeats", "recovery", change({ e: "head", c: 3 }, (it) => (it.p = 1))],
  ["a question has no answer", "answer", drop({ e: "told", c: 2 })],
  ["an answer was not asked for", "answer", insert({ e: "calm" }, { e: "told", c: 2, n: 7 })],
  ["a stranger's job is seen", "foreign", insert({ e: "calm" }, see(2, "j1", 1))],
  ["a stranger's job is cancelled", "foreign", change({ e: "told", c: 2 }, (it) => delete it.code)],
  ["a reader is buffered without bounds", "bounded", change({ e: "peaks" }, (it) => (it.buffered = 90_000))],
  ["commands pile up", "bounded", change({ e: "peaks" }, (it) => (it.queued = 201))],
  ["a session is left over", "bounded", change({ e: "rest" }, (it) => (it.sessions = 1))],
  ["a deleted job is there again", "lost", change({ e: "log", round: 3, j: "j2" }, (it) => delete it.code)],
  ["a job is gone that nobody deleted", "lost", change({ e: "cmd", c: "purge" }, (it) => (it.j = "j3"))],
  ["a deletion takes a part of another job", "lost", change({ e: "log", round: 3, j: "j1" }, (it) => it.events.pop())],
  ["a stream hides the hole of a deletion", "gap", change({ e: "left", owner: "b" }, (it) => (it.below = "read"))],
  ["a stream begins below the hole of a deletion", "gap", change({ e: "left", owner: "b" }, (it) => Object.assign(it, { floor: 3, events: 1 }))],
  ["a stream lacks events above a deletion", "lost", change({ e: "left", owner: "a" }, (it) => (it.events = 3))],
  ["nobody looks at what is left", "complete", (facts) => facts.filter(({ round }) => round !== 3)],
  ["the store refuses to open", "restart", insert({ e: "calm" }, { e: "refused", error: "corrupt" })],
  ["the history stops", "complete", (facts) => facts.slice(0, -1)],
];

test("a sound history is accepted", () => {
  assert.deepEqual(check(history()), []);
});

for (const [name, invariant, lie] of lies) {
  test(`refused: ${name}`, () => {
    const found = check(lie(history())).map((violation) => violation.invariant);
    assert.ok(found.includes(invariant), `${invariant}, not only ${[...new Set(found)]}`);
  });
}

test("the program says which seed is refused and fails", () => {
  const facts = drop({ e: "see", c: 2, s: 4 })(history());
  const input = [...facts, ...history()].map((fact) => JSON.stringify(fact)).join("\n");
  assert.throws(
    () => execFileSync(process.execPath, ["test/sim/check_history.mjs"], { input, encoding: "utf8" }),
    ({ status, stdout }) => status === 1 && /^seed 1: untold/m.test(stdout) && /^2 seeds, 1 with violations$/m.test(stdout),
  );
});
