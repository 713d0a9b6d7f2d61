// What this tab remembers. sessionStorage ends with the tab and is not shared with other sites.

import type { JobRequest } from "./job_stream";

const kToken = "hawser.token";
const kJob = "hawser.job";

/**
 * The token arrives in the fragment, which browsers never send to a server, and leaves the address bar at once,
 * so that it ends up in no history, bookmark or screenshot.
 */
export function takeToken(): string | null {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    sessionStorage.setItem(kToken, token);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(kToken);
}

export function forgetToken(): void {
  sessionStorage.removeItem(kToken);
}

export function saveJob(job: JobRequest): void {
  sessionStorage.setItem(kJob, JSON.stringify(job));
}

export function forgetJob(): void {
  sessionStorage.removeItem(kJob);
}

export function loadJob(): JobRequest | null {
  const text = sessionStorage.getItem(kJob);
  return text ? (JSON.parse(text) as JobRequest) : null;
}
