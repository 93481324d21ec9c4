import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { takeCensus } from "./census.ts";

test("a census sees the sockets and files of a home, and nothing once they are gone", async () => {
  const home = await mkdtemp(join(tmpdir(), "a3s-census-"));
  try {
    const before = await takeCensus(home);
    expect(before).toMatchObject({ sockets: [], files: [] });
    expect(before.mounts).toContain("/");

    for (const directory of ["run/a", "boxes/.locks", "boxes/.staging", "boxes/.history"]) {
      await mkdir(join(home, directory), { recursive: true });
    }
    await writeFile(join(home, "boxes/.lock"), "");
    await writeFile(join(home, "boxes/.history/000001"), "");
    await writeFile(join(home, "run/a/file"), "");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(home, "run/a/socket"), resolve));
    const during = await takeCensus(home);
    expect(during.sockets).toEqual([join(home, "run/a/socket")]);
    expect(during.files).toEqual(["run/a", "run/a/file", "run/a/socket"]);

    await new Promise((resolve) => server.close(resolve));
    await rm(join(home, "run"), { recursive: true });
    expect(await takeCensus(home)).toEqual(before);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
