import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A certificate and its private key, in PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** An authority that nobody knows, and what it has signed. */
export interface TestCertificates {
  /** The authority's certificate in PEM. */
  readonly ca: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

/** Options of {@link makeCertificates}. */
export interface CertificateOptions {
  /** DNS names of the server beside `localhost` and 127.0.0.1. */
  readonly names?: readonly string[];
}

/** Makes certificates that are good for two days, with Debian's openssl. No file is left. */
export async function makeCertificates({ names = [] }: CertificateOptions = {}): Promise<TestCertificates> {
  const directory = await mkdtemp(join(tmpdir(), "a3s-certificates-"));
  try {
    await writeFile(join(directory, "config"), "[req]\ndistinguished_name=name\n[name]\n");
    const hosts = ["IP:127.0.0.1", ...["localhost", ...names].map((name) => `DNS:${name}`)];
    const ca = await certificate(directory, "ca", ["basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"]);
    const server = await certificate(directory, "server", [`subjectAltName=${hosts}`], "ca");
    const client = await certificate(directory, "client", ["extendedKeyUsage=clientAuth"], "ca");
    return { ca: ca.cert, server, client };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function certificate(
  cwd: string,
  name: string,
  extensions: readonly string[],
  authority?: string,
): Promise<KeyPair> {
  const files = ["-keyout", `${name}.key`, "-out", `${name}.crt`];
  const signer = authority === undefined ? [] : ["-CA", `${authority}.crt`, "-CAkey", `${authority}.key`];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-config", "config", "-subj", `/CN=a3s test ${name}`, "-days", "2"];
  const added = extensions.flatMap((extension) => ["-addext", extension]);
  await run("openssl", ["req", "-x509", ...key, ...subject, ...files, ...signer, ...added], { cwd });
  const [cert, secret] = await Promise.all(["crt", "key"].map((end) => readFile(join(cwd, `${name}.${end}`), "utf8")));
  return { cert: cert ?? "", key: secret ?? "" };
}
