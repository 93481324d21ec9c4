import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { type HelperEnvironment, helperEnvironment } from "../../test/credential-helpers.ts";
import { type Scratch, scratch } from "../../test/scratch.ts";
import type { Environment } from "./credentials.ts";
import { StoredCredentials } from "./stored-credentials.ts";

const run = promisify(execFile);

const entry = (username: string) => ({ auth: Buffer.from(`${username}:p`).toString("base64") });
const place = (registry: string) => ({ registry, repository: "a/b" });

async function withFiles(use: (setting: HelperEnvironment & { readonly files: Scratch }) => Promise<void>) {
  await using files = await scratch();
  await use({ ...(await helperEnvironment(files)), files });
}

async function userOf(environment: Environment, registry: string): Promise<string | undefined> {
  const found = await new StoredCredentials(environment).find(place(registry), undefined);
  return found !== undefined && "username" in found ? found.username : undefined;
}

test("the variable goes before the file that is named, and both before Docker's own", () =>
  withFiles(async ({ environment, configure, files }) => {
    const auths = (names: Record<string, string>) =>
      JSON.stringify({ auths: Object.fromEntries(Object.entries(names).map(([key, name]) => [key, entry(name)])) });
    await configure(JSON.parse(auths({ "a.io": "home", "b.io": "home", "c.io": "home" })));
    await writeFile(files.path("auth.json"), auths({ "a.io": "named", "b.io": "named" }));
    const all = {
      ...environment,
      DOCKER_AUTH_CONFIG: auths({ "a.io": "variable" }),
      REGISTRY_AUTH_FILE: files.path("auth.json"),
    };
    expect(await userOf(all, "a.io")).toBe("variable");
    expect(await userOf(all, "b.io")).toBe("named");
    expect(await userOf(all, "c.io")).toBe("home");
    expect(await userOf(all, "d.io")).toBeUndefined();
  }));

test("DOCKER_CONFIG is the directory in place of ~/.docker", () =>
  withFiles(async ({ environment, configure, files }) => {
    await configure({ auths: { "a.io": entry("home") } });
    await mkdir(files.path("docker"));
    await writeFile(files.path("docker", "config.json"), JSON.stringify({ auths: { "a.io": entry("docker") } }));
    expect(await userOf({ ...environment, DOCKER_CONFIG: files.path("docker") }, "a.io")).toBe("docker");
    expect(await userOf({ ...environment, DOCKER_CONFIG: "" }, "a.io")).toBe("home");
    expect(await userOf({}, "a.io")).toBeUndefined();
  }));

test("files that are missing are none", () =>
  withFiles(async ({ files }) => {
    const environment = { HOME: files.path("nobody"), REGISTRY_AUTH_FILE: files.path("asked", "below-a-file") };
    expect(await userOf(environment, "a.io")).toBeUndefined();
  }));

test("a helper goes before what is written down, which counts when it has none; it is asked once", () =>
  withFiles(async ({ environment, configure, install, asked }) => {
    await install(
      "all",
      `[ "$server" = a.io ] || { echo credentials not found; exit 1; }; echo '{"Username":"helper","Secret":"s"}'`,
    );
    await configure({ auths: { "a.io": entry("file"), "b.io": entry("file") }, credsStore: "all" });
    const stored = new StoredCredentials(environment);
    const find = (registry: string) => stored.find(place(registry), undefined);
    const [first, second] = await Promise.all([find("a.io"), find("a.io")]);
    expect([first, second, await find("a.io")]).toEqual(Array(3).fill({ username: "helper", password: "s" }));
    expect(await find("b.io")).toEqual({ username: "file", password: "p" });
    expect(await asked()).toEqual(["a.io", "b.io"]);
  }));

test("Docker Hub's helper is asked by the name that Docker uses", () =>
  withFiles(async ({ environment, configure, install, asked }) => {
    await install("hub", `echo '{"Username":"helper","Secret":"s"}'`);
    await configure({ credHelpers: { "docker.io": "hub" } });
    expect(await userOf(environment, "docker.io")).toBe("helper");
    expect(await asked()).toEqual(["https://index.docker.io/v1/"]);
  }));

test("who aborts leaves; the others still get their answer", () =>
  withFiles(async ({ environment, configure, install }) => {
    await install("slow", `sleep 0.3; echo '{"Username":"helper","Secret":"s"}'`);
    await configure({ credsStore: "slow" });
    const stored = new StoredCredentials(environment);
    const controller = new AbortController();
    const reason = new Error("enough");
    const leaving = stored.find(place("a.io"), controller.signal);
    const staying = stored.find(place("a.io"), undefined);
    setImmediate(() => controller.abort(reason));
    await expect(leaving).rejects.toBe(reason);
    expect(await staying).toEqual({ username: "helper", password: "s" });
  }));

test.each<[string, (path: string) => Promise<unknown>, string]>([
  ["malformed", (path) => writeFile(path, "{"), "is malformed: it is not JSON"],
  ["huge", (path) => writeFile(path, Buffer.alloc(1024 * 1024 + 1, " ")), "has more than 1048576 bytes"],
  ["a directory", (path) => mkdir(path), "is not a file"],
  ["a pipe that nobody writes to", (path) => run("mkfifo", [path]), "is not a file"],
])("CREDENTIALS_UNAVAILABLE names the file that is %s", (_what, make, fault) =>
  withFiles(async ({ files }) => {
    const path = files.path("auth.json");
    await make(path);
    await expect(userOf({ REGISTRY_AUTH_FILE: path }, "a.io")).rejects.toMatchObject({
      code: "CREDENTIALS_UNAVAILABLE",
      message: `${path} ${fault}`,
      details: { source: path },
    });
  }),
);
