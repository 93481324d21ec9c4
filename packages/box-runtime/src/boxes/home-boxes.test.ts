import { existsSync } from "node:fs";
import { appendFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LowerStore } from "@a3s/rootfs";
import { expect, test } from "vitest";
import { boxSetting, RUN_AT, run } from "../../test/box-setting.ts";
import { createRuntime } from "../runtime/runtime.ts";

test("a runtime without a home has no boxes, and looking for them makes none", async () => {
  const { home, runtime } = await boxSetting();
  expect(await runtime.boxes.list()).toEqual([]);
  await runtime.open();
  await expect(runtime.boxes.get("web")).rejects.toMatchObject({ code: "BOX_NOT_FOUND" });
  expect(existsSync(home)).toBe(false);
});

test("a box is created, listed, and found by id, by name and by the beginning of its id, in any runtime", async () => {
  const { home, image, runtime } = await boxSetting();
  const events: string[] = [];
  for (const name of ["box.created", "box.renamed", "box.removed"] as const)
    runtime.events.on(name, () => events.push(name));
  const box = await runtime.boxes.create(
    { image, command: ["serve"], labels: { app: "x" }, network: "tsi", ports: ["0.0.0.0:8080:80"] },
    { name: "web" },
  );
  const other = createRuntime({ home });
  expect(await other.boxes.list()).toEqual([
    {
      id: box.id,
      name: "web",
      state: "created",
      image,
      command: ["/entry", "serve"],
      labels: { app: "x" },
      ports: ["0.0.0.0:8080:80/tcp"],
      createdAt: box.createdAt,
    },
  ]);
  expect(await other.boxes.list({ all: false })).toEqual([]);
  for (const reference of [box.id, "web", box.id.slice(0, 6)]) {
    const found = await other.boxes.get(reference);
    expect([found.id, found.name, found.state, found.config, found.exit]).toEqual([
      ...[box.id, "web", "created", box.config, undefined],
    ]);
  }
  expect(await box.inspect()).toMatchObject({ main: { tty: false, stdin: false }, generation: 1, restarts: 0 });
  await box.rename("api");
  expect((await other.boxes.get("api")).id).toBe(box.id);
  await expect(other.boxes.get("web")).rejects.toMatchObject({ code: "BOX_NOT_FOUND" });
  await box.remove();
  expect(events).toEqual(["box.created", "box.renamed", "box.removed"]);
  await expect(box.refresh()).rejects.toMatchObject({ code: "BOX_NOT_FOUND" });
  await expect(box.stop()).rejects.toMatchObject({ code: "BOX_NOT_FOUND" });
});

test("a box that never ran does not stop, and cannot be killed, waited for or entered", async () => {
  const { image, runtime } = await boxSetting();
  await using box = await runtime.boxes.create({ image });
  expect(await box.stop()).toBeUndefined();
  expect(await Array.fromAsync(box.logs())).toEqual([]);
  for (const call of [() => box.kill(), () => box.wait(), () => Array.fromAsync(box.stats())]) {
    await expect(call()).rejects.toMatchObject({ code: "STATE_INVALID" });
  }
  for (const call of [() => box.exec("true"), () => box.attach(), () => box.files]) {
    expect(call).toThrow(expect.objectContaining({ code: "STATE_INVALID" }));
  }
});

test("what is copied into a box without a disk that does not run would be lost, so it is refused before anything is booted", async () => {
  const { home, image, runtime } = await boxSetting();
  await using box = await runtime.boxes.create({ image });
  const lost = { code: "STATE_INVALID", hint: expect.stringContaining("diskMib"), details: { state: "created" } };
  await expect(box.copyIn(import.meta.filename, "/copy")).rejects.toMatchObject(lost);
  await expect(box.withFiles((files) => files.mkdir("/d"))).rejects.toMatchObject(lost);
  expect(await readdir(join(home, "boxes", box.id))).toEqual(["box.json"]);
  await box.remove();
  const gone = { code: "BOX_NOT_FOUND" };
  await expect(box.copyOut("/a", join(home, "a"))).rejects.toMatchObject(gone);
});

test.each(["", "a", "-a", "a/b", ".a", "ä", "x".repeat(129)])("BOX_NAME_INVALID: %j", async (name) => {
  const { image, runtime } = await boxSetting();
  await expect(runtime.boxes.create({ image }, { name })).rejects.toMatchObject({ code: "BOX_NAME_INVALID" });
});

test("of several who want one name, one gets it, and the others leave nothing", async () => {
  const { home, image, runtime } = await boxSetting();
  const results = await Promise.allSettled(
    Array.from({ length: 5 }, () => createRuntime({ home }).boxes.create({ image }, { name: "web" })),
  );
  const made = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.id] : []));
  expect(made.length).toBe(1);
  for (const result of results.filter(({ status }) => status === "rejected")) {
    expect(result).toMatchObject({ reason: { code: "BOX_NAME_TAKEN", details: { name: "web", box: made[0] } } });
  }
  expect((await runtime.boxes.list()).map(({ id }) => id)).toEqual(made);
  expect([...(await (await LowerStore.open(runtime.home.rootfs)).pinOwners())]).toEqual(made);
  const [one, two] = [await runtime.boxes.create({ image }), await runtime.boxes.create({ image })];
  expect(one.name).not.toBe(two.name);
  await expect(two.rename("web")).rejects.toMatchObject({ code: "BOX_NAME_TAKEN" });
});

test("a box that cannot be made leaves nothing: no command, an image that is not there, a signal", async () => {
  const { bare, image, runtime } = await boxSetting();
  const { boxes } = runtime;
  await expect(boxes.create({ image: bare })).rejects.toMatchObject({ code: "COMMAND_MISSING" });
  await expect(boxes.create({ image: "example.com/none:1", pullPolicy: "never" })).rejects.toMatchObject({
    code: "PULL_REFUSED",
  });
  const reason = new Error("enough");
  await expect(boxes.create({ image }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const label = "x".repeat(64 * 1024);
  const labels = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`l${index}`, label]));
  await expect(boxes.create({ image, labels })).rejects.toMatchObject({ code: "BOX_INVALID" });
  expect(await boxes.list()).toEqual([]);
  expect((await (await LowerStore.open(runtime.home.rootfs)).list()).map(({ leases }) => leases)).toEqual([0, 0]);
  // One without a main process needs no command.
  expect((await (await boxes.create({ image: bare }, { main: false })).inspect()).main).toBeNull();
});

test("a box keeps its root and its volumes, and gives them up with itself", async () => {
  const { image, runtime } = await boxSetting();
  const box = await runtime.boxes.create({ image, volumes: [{ source: "data", target: "/data" }] });
  expect((await runtime.volumes.get("data")).inUse).toBe(true);
  await runtime.images.prune();
  expect((await (await LowerStore.open(runtime.home.rootfs)).list()).map(({ leases }) => leases)).toEqual([1]);
  await box.remove({ volumes: true });
  expect(await runtime.volumes.list()).toEqual([]);
  expect((await runtime.images.prune()).roots.removed.length).toBe(1);
});

test.each([
  ["nonsense", (path: string) => writeFile(path, "{")],
  ["another version", async (path: string) => writeFile(path, (await readFile(path, "utf8")).replace("1", "2"))],
  [
    "a configuration that is none",
    async (path: string) => {
      const record = JSON.parse(await readFile(path, "utf8"));
      await writeFile(path, JSON.stringify({ ...record, config: { image: 7 } }));
    },
  ],
  [
    "the record of another",
    async (path: string) => {
      await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), id: "0123456789ab" }));
    },
  ],
  ["more than there can be", (path: string) => appendFile(path, " ".repeat(5 << 20))],
])("a record with %s is a damaged box, which disturbs no other and can be removed by force", async (_, damage) => {
  const { home, image, runtime } = await boxSetting();
  const [broken, whole] = [await runtime.boxes.create({ image }), await runtime.boxes.create({ image })];
  await damage(join(home, "boxes", broken.id, "box.json"));
  await runtime.open();
  const listed = await runtime.boxes.list();
  expect(listed.map(({ id, state }) => [id, state]).toSorted()).toEqual(
    [
      [broken.id, "damaged"],
      [whole.id, "created"],
    ].toSorted(),
  );
  expect(listed.find(({ id }) => id === broken.id)?.damage).toContain("box.json");
  await expect(runtime.boxes.get(broken.id)).rejects.toMatchObject({ code: "BOX_DAMAGED" });
  await expect(runtime.boxes.remove(broken.id)).rejects.toMatchObject({ code: "BOX_DAMAGED" });
  expect(await runtime.boxes.prune()).toEqual([whole.id]);
  await runtime.boxes.remove(broken.id.slice(0, 8), { force: true });
  expect(await runtime.boxes.list()).toEqual([]);
  expect([...(await (await LowerStore.open(runtime.home.rootfs)).pinOwners())]).toEqual([]);
});

test("a record that is a link is not followed, and one that is gone is missed", async () => {
  const { home, image, runtime } = await boxSetting();
  const [linked, missing] = [await runtime.boxes.create({ image }), await runtime.boxes.create({ image })];
  const path = (id: string) => join(home, "boxes", id, "box.json");
  await writeFile(join(home, "elsewhere"), await readFile(path(linked.id)));
  for (const { id } of [linked, missing]) {
    await writeFile(join(home, "boxes", id, "disk0.ext4"), "kept");
    await (await import("node:fs/promises")).rm(path(id));
  }
  await symlink(join(home, "elsewhere"), path(linked.id));
  await runtime.open();
  expect((await runtime.boxes.list()).map(({ state }) => state)).toEqual(["damaged", "damaged"]);
  expect(await readFile(join(home, "boxes", missing.id, "disk0.ext4"), "utf8")).toBe("kept");
});

test("pruning removes what does not run, as far as it is asked to", async () => {
  const { image, runtime } = await boxSetting();
  const { boxes } = runtime;
  const [one, two] = [
    await boxes.create({ image, labels: { keep: "" } }),
    await boxes.create({ image }, { name: "two" }),
  ];
  expect(await boxes.prune({ filter: ({ labels }) => !("keep" in labels) })).toEqual([two.id]);
  expect((await boxes.list()).map(({ id }) => id)).toEqual([one.id]);
});

test("the end of a run is believed when it is that of the run, and unknown otherwise", async () => {
  const { home, image, runtime } = await boxSetting();
  const cases = [
    { exitAt: RUN_AT, expected: { exitCode: 3, endedAt: "2026-01-01T00:01:00.000Z" } },
    { exitAt: "2025-01-01T00:00:00.000Z", expected: { exitCode: null, endedAt: null } },
    { exitAt: undefined, expected: { exitCode: null, endedAt: null } },
  ];
  for (const { exitAt, expected } of cases) {
    const { id } = await runtime.boxes.create({ image });
    await run(home, id, "running", exitAt);
    await mkdir(join(home, "run", id), { recursive: true });
    expect((await runtime.boxes.list()).find((box) => box.id === id)).toMatchObject({
      state: "stopped",
      exit: expected,
    });
    // Whoever saw it has written it down.
    expect(JSON.parse(await readFile(join(home, "boxes", id, "box.json"), "utf8"))).toMatchObject({
      intent: "stopped",
      exit: expected,
    });
    expect(await (await runtime.boxes.get(id)).wait()).toMatchObject(expected);
    expect(await readdir(join(home, "run"))).toEqual([]);
  }
});

test("a clock that jumps changes no end: a run may have begun in the far future, and ended before", async () => {
  const { home, image, runtime } = await boxSetting();
  const { id } = await runtime.boxes.create({ image });
  await run(home, id, "running", RUN_AT);
  const future = "2999-01-01T00:00:00.000Z";
  for (const name of ["box.json", "run-1/vm.json", "run-1/exit.json"]) {
    const path = join(home, "boxes", id, name);
    await writeFile(path, (await readFile(path, "utf8")).replaceAll(RUN_AT, future), { mode: 0o600 });
  }
  const exit = { exitCode: 3, endedAt: "2026-01-01T00:01:00.000Z" };
  expect(await runtime.boxes.list()).toMatchObject([{ id, state: "stopped", startedAt: future, exit }]);
  await runtime.open();
  expect(await (await runtime.boxes.get(id)).wait()).toMatchObject(exit);
});

test("what can be changed of a box is changed, the rest of its configuration stays, and nonsense is refused", async () => {
  const { image, runtime } = await boxSetting();
  const box = await runtime.boxes.create({ image, labels: { a: "1" }, env: { A: "1" } });
  await box.update({ labels: { b: "2" }, stopGraceMs: 1, restart: "always" });
  await expect(box.update({ stopGraceMs: -1 })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  const { config } = await runtime.boxes.get(box.id);
  expect(config).toEqual({ ...config, labels: { b: "2" }, stopGraceMs: 1, restart: "always", env: { A: "1" } });
  expect(box.labels).toEqual({ b: "2" });
});

test("a box with autoRemove that has ended is removed by whoever looks", async () => {
  const { home, image, runtime } = await boxSetting();
  const { id } = await runtime.boxes.create({ image }, { autoRemove: true });
  await run(home, id, "running", RUN_AT);
  expect(await runtime.boxes.list()).toEqual([]);
  expect(existsSync(join(home, "boxes", id))).toBe(false);
});
