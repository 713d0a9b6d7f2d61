import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { asioInHeader, forbiddenRooms, includeTable, lockedHosts, tooLong, unfinished } from "./rules.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const skipped = new Set(["node_modules", "dist", "build", "third_party"]);

function filesUnder(folder, pattern) {
  let entries;
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : filesUnder(path, pattern);
    return pattern.test(entry.name) ? [{ path, text: readFileSync(join(root, path), "utf8") }] : [];
  });
}

const cxx = filesUnder("src", /\.(h|cc)$/);
const sources = ["src", "packages", "apps"].flatMap((folder) => filesUnder(folder, /\.(h|cc|ts|tsx|js|mjs|css|html)$/));
const all = ["test", "examples", "scripts", "bench"].flatMap((folder) => filesUnder(folder, /\.(h|cc|ts|mjs)$/)).concat(sources);
const table = includeTable(readFileSync(join(root, "src/CMakeLists.txt"), "utf8"));

function assertNone(findings) {
  assert.equal(findings.length, 0, `\n${findings.join("\n")}`);
}

describe("the source tree", () => {
  test("is found", () => {
    assert.ok(cxx.length > 50 && sources.length > cxx.length && table.size >= 10);
  });
  test("a room includes only the rooms of the table in src/CMakeLists.txt", () => {
    assertNone(cxx.flatMap((file) => forbiddenRooms(file, table)));
  });
  test("no header outside net, runtime and redis includes Asio", () => {
    assertNone(cxx.flatMap(asioInHeader));
  });
  test("nothing is left to be done in src, packages and apps", () => {
    assertNone(sources.flatMap(unfinished));
  });
  test("no file is longer than 500 lines", () => {
    assertNone(all.flatMap(tooLong));
  });
  test("package-lock.json names no registry host", () => {
    assertNone(lockedHosts({ path: "package-lock.json", text: readFileSync(join(root, "package-lock.json"), "utf8") }));
  });
  test("the client in README.md is the one that the demo runs", () => {
    const quoted = /<!-- example: (\S+) -->\n```js\n(.*?)```/s.exec(readFileSync(join(root, "README.md"), "utf8"));
    const example = readFileSync(join(root, quoted[1]), "utf8");
    const missing = quoted[2].split("\n").filter((line) => !example.includes(line));
    assertNone(missing);
    assert.ok(quoted[2].split("\n").length > 10);
  });
});

describe("the rules find", () => {
  const small = includeTable("hawser_room(base LIBS fmt::fmt)\nhawser_room(job DEPS base)\nhawser_room(net DEPS base\n            job LIBS asio)");

  test("a room that reaches too far", () => {
    assert.deepEqual([...small.get("net")], ["base", "job"]);
    const file = { path: "src/job/a.h", text: '#include "base/id.h"\n#include "job/b.h"\n#  include "net/server.h"\n' };
    assert.equal(forbiddenRooms(file, small).length, 1);
  });
  test("Asio and Beast in a header, but not in a source file", () => {
    for (const include of ["<boost/asio.hpp>", "<boost/asio/ip/tcp.hpp>", '"boost/beast/core.hpp"']) {
      assert.equal(asioInHeader({ path: "src/job/a.h", text: `#include ${include}\n` }).length, 1);
      assert.equal(asioInHeader({ path: "src/job/a.cc", text: `#include ${include}\n` }).length, 0);
      assert.equal(asioInHeader({ path: "src/net/a.h", text: `#include ${include}\n` }).length, 0);
    }
  });
  test("a note of something left to do, but no word that contains one", () => {
    assert.equal(unfinished({ path: "a.cc", text: `// ${"TO" + "DO"}: later\n` }).length, 1);
    assert.equal(unfinished({ path: "a.cc", text: "// MASTODON XXXL\n" }).length, 0);
  });
  test("a file that is too long", () => {
    assert.equal(tooLong({ path: "a.cc", text: "\n".repeat(501) }).length, 1);
    assert.equal(tooLong({ path: "a.cc", text: "\n".repeat(500) }).length, 0);
  });
  test("a lock file with a host, but not a workspace link", () => {
    const packages = { "node_modules/a": { resolved: "https://example.org/a.tgz" }, "node_modules/b": { resolved: "apps/demo" } };
    assert.equal(lockedHosts({ path: "lock", text: JSON.stringify({ packages }) }).length, 1);
  });
});
