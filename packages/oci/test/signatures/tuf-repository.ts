import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A TUF repository with one target on the loopback. */
export interface TufRepository extends AsyncDisposable {
  readonly mirrorURL: string;
  /** Gives a cache the first root, which for the public sigstore comes with the library. */
  trust(cachePath: string): Promise<void>;
}

/** What is wrong with the repository. */
export interface TufRepositoryOptions {
  /** Served in place of what is signed. */
  readonly served?: string;
  /** Whether the metadata have run out. */
  readonly expired?: boolean;
  /** Whether metadata are signed by a key that the root does not name. */
  readonly stranger?: boolean;
  /** Whether requests are taken and never answered. */
  readonly silent?: boolean;
}

/** Serves `trusted_root.json` as TUF wants it: one Ed25519 key for all roles, names without versions (TUF specification 1.0, section 4). */
export async function tufRepository(target: string, options: TufRepositoryOptions = {}): Promise<TufRepository> {
  const owner = tufKey();
  const signer = options.stranger === true ? tufKey() : owner;
  const expires = options.expired === true ? "2020-01-01T00:00:00Z" : "2999-01-01T00:00:00Z";
  const metadata = (by: TufKey, type: string, fields: object) => {
    const signed = { _type: type, expires, spec_version: "1.0.0", version: 1, ...fields };
    const sig = sign(null, Buffer.from(canonical(signed)), by.privateKey).toString("hex");
    return JSON.stringify({ signed, signatures: [{ keyid: by.keyid, sig }] });
  };
  const role = { keyids: [owner.keyid], threshold: 1 };
  const roles = { root: role, timestamp: role, snapshot: role, targets: role };
  const keys = { [owner.keyid]: owner.key };
  const root = metadata(owner, "root", { consistent_snapshot: false, keys, roles, expires: "2999-01-01T00:00:00Z" });
  const sha256 = createHash("sha256").update(target).digest("hex");
  const targets = { "trusted_root.json": { length: Buffer.byteLength(target), hashes: { sha256 } } };
  const files = new Map([
    ["/timestamp.json", metadata(signer, "timestamp", { meta: { "snapshot.json": { version: 1 } } })],
    ["/snapshot.json", metadata(signer, "snapshot", { meta: { "targets.json": { version: 1 } } })],
    ["/targets.json", metadata(signer, "targets", { targets })],
    [`/targets/${sha256}.trusted_root.json`, options.served ?? target],
    ["/targets/trusted_root.json", options.served ?? target],
  ]);

  const server = createServer((request, response) => {
    if (options.silent === true) return;
    const body = files.get(request.url ?? "");
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    mirrorURL: `http://${host}`,
    async trust(cachePath) {
      const directory = join(cachePath, encodeURIComponent(host));
      await mkdir(directory, { recursive: true });
      await writeFile(join(directory, "root.json"), root);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type TufKey = ReturnType<typeof tufKey>;

function tufKey() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  // SPKI of Ed25519 ends with the 32 bytes of the key.
  const bytes = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex");
  const key = { keytype: "ed25519", scheme: "ed25519", keyval: { public: bytes } };
  return { privateKey, key, keyid: createHash("sha256").update(canonical(key)).digest("hex") };
}

/** OLPC canonical JSON of what is used here: sorted names, no space. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
