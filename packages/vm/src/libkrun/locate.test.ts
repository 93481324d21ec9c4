import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { locateLibkrun } from "./locate.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function place(name: string, files: readonly string[]): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  for (const file of files) await writeFile(join(path, file), "");
  return path;
}

const BOTH = ["libkrun.so.1", "libkrunfw.so.5"];

test("A3S_LIBKRUN_DIR comes first, the platform package second, the system's directories last", async () => {
  const chosen = await place("chosen", BOTH);
  const one = await place("one", ["libkrun.so.1"]);
  const other = await place("other", ["libkrunfw.so.5.2.1"]);
  const system = await place("system", BOTH);
  const places = { env: { A3S_LIBKRUN_DIR: chosen }, packaged: { libkrun: one, libkrunfw: other }, system: [system] };
  expect(await locateLibkrun(places)).toEqual({
    libkrun: join(chosen, "libkrun.so.1"),
    libkrunfw: join(chosen, "libkrunfw.so.5"),
    source: "environment",
  });
  expect(await locateLibkrun({ ...places, env: {} })).toEqual({
    libkrun: join(one, "libkrun.so.1"),
    libkrunfw: join(other, "libkrunfw.so.5.2.1"),
    source: "package",
  });
  expect(await locateLibkrun({ ...places, env: {}, packaged: undefined })).toMatchObject({ source: "system" });
});

test("LD_LIBRARY_PATH comes before the system's own directories", async () => {
  const [loader, system] = [await place("loader", BOTH), await place("system", BOTH)];
  const env = { LD_LIBRARY_PATH: `relative:${directory}/none:${loader}` };
  expect(await locateLibkrun({ env, packaged: undefined, system: [system] })).toMatchObject({
    libkrun: join(loader, "libkrun.so.1"),
  });
});

test("a directory that was chosen but does not hold both is an error, not a reason to look elsewhere", async () => {
  const system = await place("system", BOTH);
  for (const [name, files] of Object.entries({
    empty: [],
    half: ["libkrun.so.1"],
    old: ["libkrun.so.0", BOTH[1] ?? ""],
  })) {
    const env = { A3S_LIBKRUN_DIR: await place(name, files) };
    await expect(locateLibkrun({ env, system: [system] })).rejects.toThrow(
      expect.objectContaining({ code: "LIBKRUN_MISSING", message: expect.stringContaining(name) }),
    );
  }
});

test("the newest version is taken when there is no plain name", async () => {
  const path = await place("versions", [
    "libkrun.so.1.9.8",
    "libkrun.so.1.17.4",
    "libkrun.so.1.debug",
    "libkrunfw.so.5.2",
  ]);
  expect(await locateLibkrun({ env: { A3S_LIBKRUN_DIR: path } })).toMatchObject({
    libkrun: join(path, "libkrun.so.1.17.4"),
  });
});

test("nothing anywhere is an error that says what to install", async () => {
  await expect(locateLibkrun({ env: {}, packaged: undefined, system: [directory] })).rejects.toThrow(
    expect.objectContaining({
      code: "LIBKRUN_MISSING",
      hint: expect.stringContaining("A3S_LIBKRUN_DIR"),
      details: { searched: [directory] },
    }),
  );
});

test.skipIf(process.arch !== "x64")("the platform package's libraries are found where they are installed", async () => {
  const files = await locateLibkrun({ env: {}, system: [] });
  expect(files).toMatchObject({ source: "package" });
  expect(files.libkrunfw).toMatch(/microsandbox-linux-x64-gnu\/lib\/libkrunfw\.so\.5\.2\.1$/);
});
