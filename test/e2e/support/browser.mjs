// Debian's Chromium, driven through playwright-core.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const quiet = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export class Browser {
  static async launch() {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), "hawser-browser-"));
    browser.context = await chromium.launchPersistentContext(browser.profile, {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      headless: true,
      args: quiet,
    });
    return browser;
  }

  /** A tab of its own; `complaints` collects script errors and violations of the content security policy. */
  async tab() {
    const page = await this.context.newPage();
    const complaints = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      // A line that is cut is what these tests do; Chromium reports each as an error.
      const expected = /WebSocket|net::ERR_|Failed to load resource/.test(message.text());
      if (message.type() === "error" && !expected) complaints.push(message.text());
    });
    return { page, complaints };
  }

  async close() {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}
