import { createWorker, PermanentError } from "@hawser/worker";

interface Jobs {
  count: { input: { to: number }; chunk: { i: number }; result: { total: number }; checkpoint: { next: number } };
}

const worker = createWorker<Jobs>({
  url: process.env.HAWSER_URL ?? "http://127.0.0.1:3000",
  token: process.env.HAWSER_TOKEN ?? "",
  concurrency: 4,
  handlers: {
    async *count(job, { checkpoint, progress }) {
      const { to } = job.input;
      if (!Number.isInteger(to)) throw new PermanentError("`to` must be a number.", { code: "bad_input" });
      for (let i = job.checkpoint?.next ?? 0; i < to; i++) {
        yield { i };
        progress({ current: i + 1, total: to });
        if (i % 100 === 99) await checkpoint({ next: i + 1 });
      }
      return { total: to };
    },
  },
});

await worker.run();
