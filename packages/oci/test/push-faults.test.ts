import {
  type Fault,
  type FaultRule,
  startTestRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from "@a3s/testing";
import { expect, test } from "vitest";
import type { OciErrorCode } from "../src/errors/oci-error.ts";
import type { PushOptions } from "../src/push/push.ts";
import { big, image, REPOSITORY, withPush } from "./push-setting.ts";

const last = big.bytes.length - 1;
const inChunks = { chunkBytes: 1_600_000 };
const chunks = ["PATCH 0-1599999", `PATCH 1600000-${last}`];

const user = { username: "u", password: "p" };
const basic = { type: "basic", ...user } as const;

/** A rule for uploads; `big` for the request that ends the one of the big layer. */
function rule(what: "POST" | "GET" | "PATCH" | "big", fault: Fault, more: Partial<FaultRule> = {}): FaultRule {
  const request =
    what === "big"
      ? { method: "PUT" as const, path: new RegExp(encodeURIComponent(big.digest)) }
      : { method: what, path: what === "POST" ? /uploads\/$/ : /uploads\/upload/ };
  return { kind: "upload", times: 1, ...request, ...more, fault };
}

const status = (code: number, headers: Readonly<Record<string, string>> = {}): Fault => ({
  type: "status",
  status: code,
  headers,
});
const cut: Fault = { type: "cut", afterBytes: 1_000_000 };
const lost: Fault = { type: "lost-answer" };
const nothingKept: Fault = { type: "headers", headers: { range: "0-0" } };
const silent: Fault = { type: "handler", handle: () => {} };
const busy = status(429, { "retry-after": "0" });

/** Requests that carry content of the big layer, by method and range. */
function sentBy(registry: TestRegistry): readonly string[] {
  return registry.requests
    .filter(({ method, headers }) => ["PATCH", "PUT"].includes(method) && Number(headers["content-length"]) > 100_000)
    .map(({ method, headers }) => `${method} ${headers["content-range"] ?? "all"}`);
}

async function expectPushed(registry: TestRegistry): Promise<void> {
  const { digest } = image.descriptor;
  expect(registry.content.manifest(REPOSITORY, "one")?.digest).toBe(digest);
  for (const [digest, bytes] of image.blobs) {
    const found = registry.content.blob(REPOSITORY, digest) ?? registry.content.manifest(REPOSITORY, digest)?.bytes;
    expect(found !== undefined && Buffer.from(found).equals(bytes)).toBe(true);
  }
}

interface Passing {
  readonly what: string;
  readonly faults: readonly FaultRule[];
  /** What of the big layer is sent. */
  readonly sent: readonly string[];
  readonly options?: Partial<PushOptions>;
}

const passing: readonly Passing[] = [
  { what: "nothing", faults: [], sent: ["PUT all"] },
  { what: "nothing, in chunks", faults: [], sent: chunks, options: inChunks },
  {
    what: "a broken PUT, resumed where it broke",
    faults: [rule("big", cut)],
    sent: ["PUT all", `PATCH 1000000-${last}`],
  },
  {
    what: "a broken PATCH, resumed",
    faults: [rule("PATCH", cut)],
    sent: [chunks[0] ?? "", "PATCH 1000000-2599999", `PATCH 2600000-${last}`],
    options: inChunks,
  },
  { what: "an upload that broke at once", faults: [rule("big", { type: "reset" })], sent: ["PUT all", "PUT all"] },
  { what: "a lost answer to PUT", faults: [rule("big", lost)], sent: ["PUT all"] },
  { what: "a lost answer to PATCH", faults: [rule("PATCH", lost)], sent: chunks, options: inChunks },
  {
    what: "a registry that cannot say how far it got",
    faults: [rule("big", cut), rule("GET", status(405))],
    sent: ["PUT all", "PUT all"],
  },
  {
    what: "a registry that is busy saying how far it got",
    faults: [rule("big", cut), rule("GET", busy, { times: 2 })],
    sent: ["PUT all", `PATCH 1000000-${last}`],
  },
  {
    what: "an upload that is forgotten between chunks",
    faults: [rule("PATCH", { type: "forget" }, { after: 1 })],
    sent: [...chunks, ...chunks],
    options: inChunks,
  },
  {
    what: "an upload that is forgotten after it broke",
    faults: [rule("big", cut), rule("GET", { type: "forget" })],
    sent: ["PUT all", "PUT all"],
  },
  {
    what: "a registry that lost count",
    faults: [rule("PATCH", status(416), { after: 1 })],
    sent: [...chunks, ...chunks],
    options: inChunks,
  },
  {
    what: "5xx to PATCH",
    faults: [rule("PATCH", status(503), { times: 3 })],
    sent: [...Array(3).fill(chunks[0]), ...chunks],
    options: inChunks,
  },
  {
    what: "an answer to PATCH that takes back what was kept",
    faults: [rule("PATCH", nothingKept, { times: 2 })],
    sent: chunks,
    options: inChunks,
  },
  { what: "silence", faults: [rule("big", silent)], sent: ["PUT all", "PUT all"] },
  { what: "5xx to POST", faults: [rule("POST", status(500), { times: 3 })], sent: ["PUT all"] },
  { what: "429 to POST", faults: [rule("POST", busy, { times: 3 })], sent: ["PUT all"] },
  { what: "5xx to HEAD", faults: [{ kind: "blob", times: 3, fault: status(502) }], sent: ["PUT all"] },
  { what: "no HEAD", faults: [{ kind: "blob", fault: status(405) }], sent: ["PUT all"] },
  { what: "a broken manifest", faults: [{ kind: "manifest", times: 3, fault: { type: "reset" } }], sent: ["PUT all"] },
  {
    what: "a manifest whose answer is lost",
    faults: [{ kind: "manifest", times: 1, fault: lost }],
    sent: ["PUT all"],
  },
];

test.each(passing)("gets past $what", async ({ faults, sent, options = {} }) => {
  await withPush({ faults }, async ({ registry, push }) => {
    await push(options);
    await expectPushed(registry);
    expect(sentBy(registry)).toEqual(sent);
    expect(registry.openUploads).toBe(0);
  });
});

test("a token that runs out in the middle is renewed", async () => {
  await withPush({ auth: { type: "bearer", usesPerToken: 5 } }, async ({ registry, push }) => {
    await push(inChunks);
    await expectPushed(registry);
    const scopes = registry.requests.filter(({ kind }) => kind === "token").map(({ path }) => path);
    expect(scopes.length).toBeGreaterThan(1);
    for (const path of scopes) expect(decodeURIComponent(path)).toContain(`scope=repository:${REPOSITORY}:pull,push`);
  });
});

test("an upload that is redirected to another origin goes there without the credentials", async () => {
  await withPush({ auth: basic }, async ({ registry, push }) => {
    const elsewhere = `http://localhost:${registry.host.split(":")[1]}`;
    registry.addFault(rule("big", { type: "redirect", to: `${elsewhere}{path}` }));
    await expect(push({ credentials: user })).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
    const there = registry.requests.filter(({ headers }) => headers.host?.startsWith("localhost"));
    expect(there.map(({ method, headers }) => [method, headers.authorization])).toEqual([["PUT", undefined]]);
  });
  await withPush({}, async ({ registry, push }) => {
    registry.addFault(rule("big", { type: "redirect", to: `http://localhost:${registry.host.split(":")[1]}{path}` }));
    await push();
    await expectPushed(registry);
    expect(sentBy(registry)).toEqual(["PUT all", "PUT all"]);
  });
});

test("an address of an upload on another host is used without the credentials", async () => {
  await using elsewhere = await startTestRegistry();
  const location = `http://${elsewhere.host}/v2/a/blobs/uploads/x?state=0`;
  await withPush(
    { auth: basic, faults: [rule("POST", { type: "headers", headers: { location } })] },
    async ({ registry, push }) => {
      await push({ credentials: user });
      await expectPushed(registry);
    },
  );
  expect(elsewhere.requests.length).toBeGreaterThan(0);
  for (const { headers } of elsewhere.requests) expect(headers.authorization).toBeUndefined();
});

const uploads: readonly (readonly [string, TestRegistryOptions["uploads"], readonly string[]])[] = [
  ["gives whole addresses", { absoluteLocations: true }, chunks],
  ["wants larger chunks", { minChunkBytes: 2_000_000 }, ["PATCH 0-1999999", `PATCH 2000000-${last}`]],
];

test.each(uploads)("pushes to a registry that %s", async (_what, uploads = {}, sent) => {
  await withPush({ uploads }, async ({ registry, push }) => {
    await push(inChunks);
    await expectPushed(registry);
    expect(sentBy(registry)).toEqual(sent);
  });
});

const always = { times: Number.POSITIVE_INFINITY };
const wrongDigest: Fault = { type: "headers", headers: { "docker-content-digest": `sha256:${"0".repeat(64)}` } };
const challenge = { "www-authenticate": 'Basic realm="x"' };
const located = (location: string | null): Fault => ({ type: "headers", headers: { location } });

interface Lasting {
  readonly code: OciErrorCode;
  readonly what: string;
  readonly rule: FaultRule;
  readonly options?: Partial<PushOptions>;
}

/** Faults that stay: a typed error, no name, no upload left open. */
const lasting: readonly Lasting[] = [
  { code: "REGISTRY_UNREACHABLE", what: "closed connections", rule: { fault: { type: "reset" } } },
  { code: "REGISTRY_UNREACHABLE", what: "PUT that fails without end", rule: rule("big", status(500), always) },
  {
    code: "REGISTRY_UNREACHABLE",
    what: "uploads that break off at once",
    rule: rule("PATCH", { type: "cut", afterBytes: 1 }, always),
    options: inChunks,
  },
  {
    code: "REGISTRY_UNREACHABLE",
    what: "uploads that are always forgotten",
    rule: rule("PATCH", { type: "forget" }, { ...always, after: 1 }),
    options: inChunks,
  },
  {
    code: "REGISTRY_UNREACHABLE",
    what: "chunks that do not stay",
    rule: { kind: "upload", path: /uploads\/upload/, fault: nothingKept },
    options: inChunks,
  },
  {
    code: "REGISTRY_UNREACHABLE",
    what: "silence",
    rule: rule("big", silent, always),
    options: { retry: { tries: 2, firstDelayMs: 1, stallTimeoutMs: 100 } },
  },
  { code: "REGISTRY_RATE_LIMITED", what: "429 without end", rule: rule("POST", busy, always) },
  {
    code: "REGISTRY_RATE_LIMITED",
    what: "an hour",
    rule: rule("POST", status(429, { "retry-after": "3600" }), always),
  },
  { code: "REGISTRY_DENIED", what: "403 to POST", rule: rule("POST", status(403), always) },
  { code: "REGISTRY_DENIED", what: "no such repository", rule: rule("POST", status(404), always) },
  { code: "REGISTRY_DENIED", what: "a loop of 401", rule: rule("POST", status(401, challenge), always) },
  { code: "REGISTRY_DENIED", what: "403 to PUT", rule: rule("big", status(403), always) },
  { code: "REGISTRY_DENIED", what: "403 to the manifest", rule: { kind: "manifest", fault: status(403) } },
  { code: "REGISTRY_PROTOCOL", what: "a read-only registry", rule: rule("POST", status(405), always) },
  { code: "REGISTRY_PROTOCOL", what: "an HTML page", rule: rule("POST", { type: "html" }, always) },
  { code: "REGISTRY_PROTOCOL", what: "no Location", rule: rule("POST", located(null), always) },
  {
    code: "REGISTRY_PROTOCOL",
    what: "a Location over HTTP",
    rule: rule("POST", located("http://192.0.2.1/x"), always),
  },
  {
    code: "REGISTRY_PROTOCOL",
    what: "a redirect over HTTP",
    rule: rule("big", { type: "redirect", to: "http://192.0.2.1/x" }, always),
  },
  {
    code: "REGISTRY_PROTOCOL",
    what: "more than was sent",
    rule: rule("PATCH", { type: "headers", headers: { range: "0-2999999" } }, always),
    options: inChunks,
  },
  { code: "REGISTRY_PROTOCOL", what: "another digest of a blob", rule: rule("big", wrongDigest, always) },
  {
    code: "REGISTRY_PROTOCOL",
    what: "another digest of the manifest",
    rule: { kind: "manifest", method: "PUT", fault: wrongDigest },
  },
  { code: "REGISTRY_PROTOCOL", what: "too large a request", rule: rule("big", status(413), always) },
  { code: "REGISTRY_PROTOCOL", what: "a manifest that is refused", rule: { kind: "manifest", fault: status(400) } },
];

test.each(lasting)("$code: $what", async ({ code, rule, options = {} }) => {
  await withPush({ faults: [rule] }, async ({ registry, push }) => {
    const failure = await push({ credentials: user, ...options }).then(undefined, (error: unknown) => error);
    expect(failure).toMatchObject({ name: "OciError", code, hint: expect.stringMatching(/./) });
    const done = rule.fault === wrongDigest && rule.kind === "manifest";
    expect(registry.content.tags(REPOSITORY)).toEqual(done ? ["one"] : []);
    // Who is not told where an upload is cannot delete it.
    const hidden = rule.fault.type === "headers" && "location" in rule.fault.headers;
    if (!hidden) expect(registry.openUploads).toBe(0);
  });
});

test("an abort in the middle of an upload ends it with its reason and deletes the upload", async () => {
  await withPush({ faults: [rule("big", silent)] }, async ({ registry, push }) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const pushing = push({ signal: controller.signal, retry: {} });
    for await (const event of pushing) if (event.type === "blob-progress") break;
    controller.abort(reason);
    await expect(pushing).rejects.toBe(reason);
    expect(registry.openUploads).toBe(0);
    expect(registry.content.tags(REPOSITORY)).toEqual([]);
  });
});

test("disposing a push stops it", async () => {
  await withPush({ faults: [rule("big", silent)] }, async ({ registry, push }) => {
    {
      await using pushing = push({ retry: {} });
      for await (const event of pushing) if (event.type === "blob-progress") break;
    }
    expect(registry.openUploads).toBe(0);
  });
});
