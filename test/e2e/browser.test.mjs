import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Browser } from "./support/browser.mjs";
import { makeFolder } from "./support/folder.mjs";
import { Proxy } from "./support/proxy.mjs";
import { Server } from "./support/server.mjs";

const kPatience = { timeout: 60_000 };

describe("the page in Chromium", () => {
  const folder = makeFolder(160, 5);
  const total = folder.places.size;
  let server;
  let proxy;
  let browser;
  before(async () => {
    server = await Server.start({ args: ["--search-folder", folder.path] });
    proxy = await Proxy.start(server.port);
    browser = await Browser.launch();
  });
  after(async () => {
    await browser?.close();
    await proxy?.close();
    await server?.dispose();
    folder.remove();
  });

  async function open(t, fragment, url = server.url) {
    const { page, complaints } = await browser.tab();
    t.after(() => page.close());
    await page.goto(`${url}/${fragment}`);
    return { page, complaints };
  }

  const badge = (page, state) => page.locator(`#badge[data-state="${state}"]`).waitFor(kPatience);
  const state = (page, text) => page.locator("#state", { hasText: text }).waitFor(kPatience);

  async function search(page, query) {
    await page.getByRole("searchbox").fill(query);
    await page.keyboard.press("Enter");
  }

  async function counts(page) {
    const text = await page.locator("#count").textContent();
    const [, received, lost, doubled] = /received ([\d,]+) · lost ([\d,]+) · doubled ([\d,]+)/.exec(text);
    const number = (digits) => Number(digits.replaceAll(",", ""));
    return { received: number(received), lost: number(lost), doubled: number(doubled) };
  }

  function receivedAtLeast(page, count) {
    const enough = (least) =>
      Number(document.querySelector("#count").textContent.split(" ")[1].replaceAll(",", "")) >= least;
    return page.waitForFunction(enough, count, kPatience);
  }

  test("takes the token out of the address at once, and says how to get one when there is none", async (t) => {
    const { page } = await open(t, `#token=${server.token("ada")}`);
    await badge(page, "online");
    assert.equal(new URL(page.url()).hash, "");
    assert.equal(await page.evaluate(() => history.length <= 2), true);

    const { page: stranger } = await open(t, "");
    await stranger.getByRole("heading", { name: "You are signed out" }).waitFor();
    await stranger.getByText("hawser token --user you").waitFor();
    assert.equal(await stranger.getByRole("searchbox").isVisible(), false);
  });

  test("says that it is unauthorized, and does not try again in vain", async (t) => {
    const { page } = await open(t, "#token=nonsense");
    await badge(page, "unauthorized");
    await page.getByText("Authentication failed").waitFor();
  });

  test("streams a search through a reload, cut lines and a kill -9, losing and doubling nothing", async (t) => {
    const { page, complaints } = await open(t, `#token=${server.token("ada")}`, proxy.url);
    await badge(page, "online");
    await page.getByText("paced to 100/s so that you can pull the plug").waitFor();
    await search(page, "needle");
    await receivedAtLeast(page, 60);

    await page.reload();
    await receivedAtLeast(page, 120);
    for (const at of [150, 220]) {
      await receivedAtLeast(page, at);
      await proxy.cutAfter(1 + Math.floor(Math.random() * 2000));
    }
    await receivedAtLeast(page, 300);
    await server.kill();
    await badge(page, "reconnecting");
    await server.start();
    await badge(page, "online");

    await state(page, "Completed");
    assert.deepEqual(await counts(page), { received: total, lost: 0, doubled: 0 });
    assert.equal(await page.locator("progress").getAttribute("value"), "100");
    assert.deepEqual(complaints, []);
  });

  test("shows text from files as text, marks the match, and keeps few rows in the document", async (t) => {
    const { page, complaints } = await open(t, `#token=${server.token("eve")}`);
    await search(page, "needle");
    await receivedAtLeast(page, 200);
    const row = page.locator("#hits li").first();
    assert.equal(await row.locator("mark").textContent(), "needle");
    assert.match(await row.locator(".place").textContent(), /^part-\d\/text-\d+\.txt:\d+$/);
    assert.equal(await page.locator("#hits img").count(), 0);
    assert.match(await row.locator(".snippet").textContent(), /number \d+/);
    assert.ok((await page.locator("#hits li").count()) < 80);
    await page.getByRole("button", { name: "Cancel" }).click();
    await state(page, "Cancelled");
    const { received } = await counts(page);
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.locator(`#hits li[aria-posinset="${received}"]`).waitFor(kPatience);
    assert.ok((await page.locator("#hits li").count()) < 80);
    assert.deepEqual(complaints, []);
  });

  test("cancels from the keyboard, and knows it after a reload", async (t) => {
    const { page } = await open(t, `#token=${server.token("bob")}`);
    await search(page, "needle");
    await receivedAtLeast(page, 30);
    await page.getByRole("button", { name: "Cancel" }).focus();
    await page.keyboard.press("Enter");
    await state(page, "Cancelled");
    const { received } = await counts(page);
    assert.ok(received >= 30 && received < total);
    assert.equal(await page.getByRole("button", { name: "Cancel" }).isVisible(), false);
    await page.reload();
    await state(page, "Cancelled");
    assert.deepEqual(await counts(page), { received, lost: 0, doubled: 0 });
  });

  test("shows the server's sentence when a search is refused", async (t) => {
    const { page } = await open(t, `#token=${server.token("carl")}`);
    await search(page, "?!");
    await page.getByRole("alert").filter({ hasText: "no word to search for" }).waitFor(kPatience);
  });

  test("fits a screen of 320 pixels", async (t) => {
    const { page } = await open(t, `#token=${server.token("dora")}`);
    await page.setViewportSize({ width: 320, height: 640 });
    await search(page, "needle");
    await receivedAtLeast(page, 20);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  });
});
