// Certificates that the openssl program makes for a test.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A self-signed certificate for localhost and 127.0.0.1 with its key, at paths that a server can be given. */
export class Certificate {
  constructor(name = "first") {
    this.directory = mkdtempSync(join(tmpdir(), "hawser-tls-"));
    this.file = join(this.directory, "cert.pem");
    this.keyFile = join(this.directory, "key.pem");
    this.name = name;
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]
        .concat(["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .concat(["-keyout", this.keyFile, "-out", this.file]),
      { stdio: "ignore" },
    );
    chmodSync(this.keyFile, 0o600);
  }

  get pem() {
    return readFileSync(this.file, "utf8");
  }

  /** Puts another certificate in the place of this one, as a renewal does. */
  replaceWith(other) {
    writeFileSync(this.keyFile, readFileSync(other.keyFile), { mode: 0o600 });
    writeFileSync(this.file, other.pem);
  }

  /** Flags for `hawser serve`. */
  get flags() {
    return ["--tls-cert", this.file, "--tls-key", this.keyFile];
  }

  dispose() {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
