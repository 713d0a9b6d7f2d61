// What the compiler knows of a worker's jobs; compiled with the examples, never run.
import { createWorker, type Handler, type Run } from "@hawser/worker";

interface Jobs {
  sum: { input: { of: number[] }; chunk: number; result: { sum: number }; checkpoint: { at: number } };
  greet: { input: string };
}

const where = { url: "http://127.0.0.1:3000", token: async () => "token" };

createWorker<Jobs>({
  ...where,
  handlers: {
    sum: {
      plan: (job) => (job.checkpointChunkCount > 0 ? "checkpoint" : "last_event"),
      async *run(job, { checkpointWith, progress }) {
        const from: number = job.checkpoint?.at ?? 0;
        checkpointWith(() => ({ at: from }));
        progress({ current: from, total: job.input.of.length });
        yield job.input.of[from] ?? 0;
        return { sum: 1 };
      },
    },
    async greet(job, { emit, signal }) {
      signal.throwIfAborted();
      await emit(`Good day, ${job.input.toUpperCase()}`);
    },
  },
});

createWorker<Jobs>({
  ...where,
  handlers: {
    // @ts-expect-error a chunk of the wrong type
    async *sum() {
      yield "one";
      return { sum: 1 };
    },
    // @ts-expect-error a plan that says nothing of use
    greet: { plan: () => "somewhere", run: async () => {} },
  },
});

// @ts-expect-error a type of job without a handler
createWorker<Jobs>({ ...where, handlers: { greet: async () => {} } });

// Without types everything goes.
createWorker({
  ...where,
  handlers: {
    async *count(job, { emit }) {
      for (let i = job.chunkCount; i < job.input.to; i++) yield { i };
      await emit("done");
    },
  },
});

export const shared: Handler<Jobs["sum"]>["run"] = async () => ({ sum: 0 });
export const greeting: Run<Jobs["greet"]> = async (job) => job.input.length;
