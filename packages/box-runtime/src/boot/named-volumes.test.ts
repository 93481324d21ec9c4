import { mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeNamedVolumes } from "./named-volumes.ts";

async function volume() {
  const directory = await mkdtemp(join(tmpdir(), "a3s-volumes-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return { directory, name: "data", path: join(directory, "volumes/data/data") };
}

test("a volume is made once, for its owner only on the host and for every user in a guest", async () => {
  const { directory, ...data } = await volume();
  await Promise.all([makeNamedVolumes([data]), makeNamedVolumes([data, data])]);
  await writeFile(join(data.path, "kept"), "kept");
  await makeNamedVolumes([data]);
  expect(await readFile(join(data.path, "kept"), "utf8")).toBe("kept");
  const modes = [join(directory, "volumes"), dirname(data.path), data.path].map(
    async (path) => (await stat(path)).mode,
  );
  expect((await Promise.all(modes)).map((mode) => mode & 0o777)).toEqual([0o700, 0o700, 0o755]);
});

test("a link in the place of a volume is not followed", async () => {
  const { directory, ...data } = await volume();
  await makeNamedVolumes([data]);
  await rm(data.path, { recursive: true });
  await symlink(directory, data.path);
  await expect(makeNamedVolumes([data])).rejects.toMatchObject({ code: "VOLUME_INVALID", details: data });
});
