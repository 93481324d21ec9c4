import { describe, expect, test } from "vitest";
import type { AgentFiles } from "../../src/index.ts";
import type { Held } from "./agent-subject.ts";

const MIB = 1024 * 1024;

/** Directories, links and what the guest says of files. */
export function directoriesSuite(held: Held): void {
  const files = () => held.client.files;

  describe("directories and attributes", () => {
    test("stat says what a file is, lstat what a link is", async () => {
      const at = await held.directory();
      await files().writeFile(at("file"), "12345");
      await files().chmod(at("file"), 0o4750);
      await files().symlink("file", at("link"));
      const stats = await files().stat(at("link"));
      expect(stats).toMatchObject({ type: "file", size: 5, mode: 0o4750, uid: 0, nlink: 1 });
      expect([stats.isFile(), stats.isDirectory(), stats.isSymbolicLink()]).toEqual([true, false, false]);
      expect(stats.mtime.getFullYear()).toBeGreaterThan(2000);
      expect((await files().lstat(at("link"))).isSymbolicLink()).toBe(true);
      expect(await files().readlink(at("link"))).toBe("file");
      expect((await files().stat("/dev/null")).type).toBe("character-device");
      await files().link(at("file"), at("hard"));
      expect((await files().stat(at("hard"))).nlink).toBe(2);
      await files().utimes(at("file"), 1, new Date(2000));
      expect((await files().stat(at("hard"))).mtimeMs).toBe(2000);
      await files().chown(at("file"), 12, 34);
      expect(await files().stat(at("file"))).toMatchObject({ uid: 12, gid: 34 });
      const exist = [at("file"), at("none"), at("file", "x")].map((path) => files().exists(path));
      expect(await Promise.all(exist)).toEqual([true, false, false]);
    });

    test("are listed whatever they hold, names that are no UTF-8 included", async () => {
      const at = await held.directory();
      await files().mkdir(at("tree", "a", "b"), { recursive: true });
      await files().symlink("..", at("tree", "a", "up"));
      expect((await files().readdir(at("tree"), { recursive: true })).toSorted()).toEqual(["a", "a/b", "a/up"]);
      const name = Buffer.concat([Buffer.from(at("odd-")), Buffer.from([0xff, 0xfe])]);
      await files().writeFile(name, "odd");
      const entries = await files().readdir(at(), { withFileTypes: true });
      const entry = entries.find((each) => each.isFile());
      expect(entry?.name).toBe("odd-\ufffd\ufffd");
      expect(Buffer.from(entry?.nameBytes ?? []).subarray(-2)).toEqual(Buffer.from([0xff, 0xfe]));
      expect(await files().readFile(entry?.path ?? "", { encoding: "utf8" })).toBe("odd");
      const names = Array.from({ length: 600 }, (_, number) => `${"n".repeat(100)}${number}`);
      await files().mkdir(at("many"));
      await Promise.all(names.map((each) => files().symlink("x", at("many", each), { timeoutMs: 120_000 })));
      expect((await files().readdir(at("many"))).toSorted()).toEqual(names.toSorted());
      const some = files().readdir(at("many"), { maxEntries: 100 });
      await expect(some).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
    });

    test("are made, renamed and removed", async () => {
      const at = await held.directory();
      await expect(files().mkdir(at("a", "b"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
      await files().mkdir(at("a", "b", "c"), { recursive: true, mode: 0o700 });
      await files().mkdir(at("a", "b", "c"), { recursive: true });
      expect((await files().stat(at("a", "b", "c"))).mode).toBe(0o700);
      await expect(files().mkdir(at("a"))).rejects.toMatchObject({ code: "FILE_EXISTS" });
      await files().writeFile(at("a", "b", "file"), "x");
      const below = files().mkdir(at("a", "b", "file", "d"), { recursive: true });
      await expect(below).rejects.toMatchObject({ code: "FILE_NOT_DIRECTORY" });
      await files().rename(at("a"), at("z"));
      await expect(files().rename(at("z"), at("z", "b", "inside"))).rejects.toMatchObject({ code: "FILE_INVALID" });
      await expect(files().rm(at("z"))).rejects.toMatchObject({ code: "FILE_IS_DIRECTORY" });
      await files().symlink("z", at("link"));
      await files().rm(at("link"), { recursive: true });
      await files().rm(at("z"), { recursive: true });
      await expect(files().rm(at("z"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
      await files().rm(at("z", "y"), { force: true });
      expect(await files().readdir(at())).toEqual([]);
    });

    test.each<[string, string, (files: AgentFiles, at: (...names: string[]) => string) => Promise<unknown>]>([
      ["FILE_NOT_FOUND", "ENOENT", (files, at) => files.stat(at("none"))],
      ["FILE_NOT_FOUND", "ENOENT", (files, at) => files.writeFile(at("none", "x"), "x")],
      ["FILE_IS_DIRECTORY", "EISDIR", (files, at) => files.readFile(at("full"))],
      ["FILE_IS_DIRECTORY", "EISDIR", (files, at) => files.writeFile(at("full"), new Uint8Array(4 * MIB))],
      ["FILE_IS_DIRECTORY", "EISDIR", (files, at) => files.writeFile(`${at("new")}/`, "x")],
      ["FILE_NOT_DIRECTORY", "ENOTDIR", (files, at) => files.readdir(at("file"))],
      ["FILE_NOT_DIRECTORY", "ENOTDIR", (files, at) => files.readFile(at("file", "x"))],
      ["FILE_NOT_DIRECTORY", "ENOTDIR", (files, at) => files.rm(`${at("file")}/`)],
      ["FILE_NOT_EMPTY", "ENOTEMPTY", (files, at) => files.rename(at("empty"), at("full"))],
      ["FILE_EXISTS", "EEXIST", (files, at) => files.symlink("x", at("file"))],
      ["FILE_EXISTS", "EEXIST", (files, at) => files.link(at("file"), at("full", "file"))],
      ["FILE_INVALID", "ELOOP", (files, at) => files.readFile(at("loop"))],
      ["FILE_INVALID", "EINVAL", (files, at) => files.readlink(at("file"))],
      ["FILE_INVALID", "ENAMETOOLONG", (files, at) => files.stat(at("x".repeat(256)))],
      ["FILE_UNSUPPORTED", "EOPNOTSUPP", (files) => files.readFile("/dev/zero")],
      ["FILE_UNSUPPORTED", "EOPNOTSUPP", (files) => files.appendFile("/dev/null", "x")],
      ["FILE_FAILED", "EBUSY", (files, at) => files.rename("/", at("root"))],
    ])("what fails is %s by %s", async (code, errno, call) => {
      const at = await held.directory();
      for (const name of ["empty", "full"]) await files().mkdir(at(name));
      for (const name of [at("file"), at("full", "file")]) await files().writeFile(name, "x");
      await files().symlink("loop", at("loop"));
      await expect(call(files(), at)).rejects.toMatchObject({ code, details: { errno } });
      await expect(files().stat(at(), { user: "no-such-user" })).rejects.toMatchObject({ code: "FILE_INVALID" });
    });
  });
}
