import { readFileSync } from "node:fs";
import { within } from "./client.mjs";

/** Polls what cannot tell us itself, such as another process, until it is so. */
export function eventually(probe, what, millis) {
  let timer;
  const found = new Promise((resolve, reject) => {
    timer = setInterval(async () => {
      try {
        const value = await probe();
        if (value) resolve(value);
      } catch (error) {
        reject(error);
      }
    }, 20);
  });
  return within(found, what, millis).finally(() => clearInterval(timer));
}

/** Whether a process exists and is no zombie. */
export function isAlive(pid) {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
