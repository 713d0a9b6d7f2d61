// Documentation is checked against what it describes.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const read = (path) => readFileSync(path, "utf8");

test("every error code that a client can meet is in docs/protocol.md", () => {
  const codes = [...read("src/base/error.cc").matchAll(/return "([a-z_]+)";/g)].map((match) => match[1]);
  const internal = new Set(["fenced", "job_ended", "sequence_gap", "corrupt", "unavailable", "config", "reset"]);
  const protocol = read("docs/protocol.md");
  assert.ok(codes.length > 20);
  for (const code of codes) {
    if (!internal.has(code)) assert.ok(protocol.includes(`\`${code}\``), `missing in docs/protocol.md: ${code}`);
  }
});

test("every metric is in docs/operations.md", () => {
  const names = [...read("src/server/metrics.cc").matchAll(/"((?:hawser|process)_\w+)"/g)].map((match) => match[1]);
  const operations = read("docs/operations.md");
  assert.ok(names.length > 25);
  for (const name of names.filter((name) => !name.endsWith("_limit"))) {
    assert.match(operations, new RegExp(`\`${name}[\`{]`), `missing in docs/operations.md: ${name}`);
  }
});

test("links and pictures in the documents lead somewhere", () => {
  for (const file of ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/operations.md", "docs/protocol.md"]) {
    for (const [, target] of read(file).matchAll(/\]\(([^)#]+)[^)]*\)/g)) {
      if (!/^https?:/.test(target)) assert.ok(existsSync(join(dirname(file), target)), `${file}: ${target}`);
    }
  }
});
