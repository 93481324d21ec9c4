import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { homeLayout } from "@a3s/core";
import { expect, onTestFinished, test } from "vitest";
import { HomeStores } from "./home-stores.ts";

async function setting(now?: () => number) {
  const directory = await mkdtemp(join(tmpdir(), "a3s-home-stores-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const home = homeLayout(join(directory, "home"));
  return { directory, home, stores: new HomeStores(home, now) };
}

test("stores are made when they are first needed, and kept open for an hour", async () => {
  let hour = 0;
  const { directory, home, stores } = await setting(() => hour * 3_600_000);
  expect(await readdir(directory)).toEqual([]);
  const [roots, images] = [await stores.roots(), await stores.images()];
  expect([roots.directory, images.directory]).toEqual([home.rootfs, home.images]);
  // What opening would remove.
  await mkdir(join(home.rootfs, ".staging/left"));
  expect([await stores.roots(), await stores.images()]).toEqual([roots, images]);
  expect(await readdir(join(home.rootfs, ".staging"))).toEqual(["left"]);
  hour = 1;
  await stores.roots();
  expect(await readdir(join(home.rootfs, ".staging"))).toEqual([]);
});

test.each(["", "rootfs", "images", "rootfs/.staging", "images/oci-layout", "images/ingest"])(
  "after the home's %j was removed, they are as new",
  async (removed) => {
    const { home, stores } = await setting();
    await stores.roots();
    await stores.images();
    await rm(join(home.home, removed), { recursive: true });
    expect(await (await stores.roots()).list()).toEqual([]);
    expect(await (await stores.images()).list()).toEqual([]);
    expect(existsSync(join(home.home, removed))).toBe(true);
  },
);

test("an aborted signal ends it also when the stores are open", async () => {
  const { stores } = await setting();
  const reason = new Error("enough");
  for (const open of [() => stores.roots(AbortSignal.abort(reason)), () => stores.images(AbortSignal.abort(reason))]) {
    await expect(open()).rejects.toBe(reason);
  }
  await stores.roots();
  await expect(stores.roots(AbortSignal.abort(reason))).rejects.toBe(reason);
});
