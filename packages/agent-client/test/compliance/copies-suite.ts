import { describe, expect, test } from "vitest";
import type { Held } from "./agent-subject.ts";

/** Copies within the guest, and sizes. */
export function copiesSuite(held: Held): void {
  const files = () => held.client.files;
  const read = (path: string) => files().readFile(path, { encoding: "utf8" });

  describe("truncate", () => {
    test("cuts a file, lengthens it by zeros, and empties it", async () => {
      const at = await held.directory();
      await files().writeFile(at("file"), "content", { mode: 0o600 });
      await files().symlink("file", at("link"));
      await files().truncate(at("link"), 4);
      expect(await read(at("file"))).toBe("cont");
      await files().truncate(at("file"), 6);
      expect(await read(at("file"))).toBe("cont\0\0");
      await files().truncate(at("file"));
      expect(await files().stat(at("file"))).toMatchObject({ size: 0, mode: expect.any(Number) });
    });

    test("of what is no regular file, or to what is no size, is refused", async () => {
      const at = await held.directory();
      await expect(files().truncate(at("none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
      await expect(files().truncate(at())).rejects.toMatchObject({ code: "FILE_IS_DIRECTORY" });
      await expect(files().truncate("/dev/null")).rejects.toMatchObject({ code: "FILE_UNSUPPORTED" });
      for (const size of [-1, 0.5, Number.NaN, 2 ** 53]) {
        await expect(files().truncate(at("none"), size)).rejects.toMatchObject({ code: "FILE_INVALID" });
      }
    });
  });

  describe("cp", () => {
    test("copies a file by the name that is given, and makes the directories above it", async () => {
      const at = await held.directory();
      await files().writeFile(at("file"), "content", { mode: 0o750 });
      await files().utimes(at("file"), 5, 1_000_000_000);
      await files().cp(at("file"), at("new", "deep", "copy"));
      expect(await read(at("new", "deep", "copy"))).toBe("content");
      const copied = await files().stat(at("new", "deep", "copy"));
      expect(copied.mode & 0o7777).toBe(0o750);
      expect(copied.mtime).toEqual(new Date(1_000_000_000_000));
      await files().writeFile(at("file"), "other");
      await files().cp(at("file"), at("new", "deep", "copy"));
      expect(await read(at("new", "deep", "copy"))).toBe("other");
    });

    test("copies a tree with its links, and merges it with what is there", async () => {
      const at = await held.directory();
      await files().mkdir(at("tree", "sub"), { recursive: true });
      await files().writeFile(at("tree", "sub", "file"), "new");
      await files().link(at("tree", "sub", "file"), at("tree", "hard"));
      await files().symlink("sub/file", at("tree", "soft"));
      await files().mkdir(at("there", "sub"), { recursive: true });
      for (const name of ["file", "kept"]) await files().writeFile(at("there", "sub", name), "old");
      await expect(files().cp(at("tree"), at("there"))).rejects.toMatchObject({ code: "FILE_IS_DIRECTORY" });
      await files().cp(at("tree"), at("there"), { recursive: true });
      expect((await files().readdir(at("there"), { recursive: true })).toSorted()).toEqual([
        "hard",
        "soft",
        "sub",
        "sub/file",
        "sub/kept",
      ]);
      expect([await read(at("there", "sub", "file")), await read(at("there", "sub", "kept"))]).toEqual(["new", "old"]);
      expect(await files().readlink(at("there", "soft"))).toBe("sub/file");
      const [one, other] = [await files().stat(at("there", "hard")), await files().stat(at("there", "sub", "file"))];
      expect(one.ino).toBe(other.ino);
      expect(one.ino).not.toBe((await files().stat(at("tree", "hard"))).ino);
    });

    test("copies a link as a link, or what it leads to", async () => {
      const at = await held.directory();
      await files().writeFile(at("file"), "content");
      await files().symlink("file", at("link"));
      await files().cp(at("link"), at("same"));
      await files().cp(at("link"), at("followed"), { dereference: true });
      expect(await files().readlink(at("same"))).toBe("file");
      expect((await files().lstat(at("followed"))).isFile()).toBe(true);
    });

    test("refuses what is missing, what is in the way, and what would copy itself", async () => {
      const at = await held.directory();
      await files().mkdir(at("tree", "sub"), { recursive: true });
      await files().writeFile(at("file"), "content");
      await files().link(at("file"), at("again"));
      const refusals = [
        [at("none"), at("copy"), "FILE_NOT_FOUND"],
        [at("file"), at("tree"), "FILE_IS_DIRECTORY"],
        [at("tree"), at("file"), "FILE_NOT_DIRECTORY"],
        [at("file"), at("file", "copy"), "FILE_NOT_DIRECTORY"],
        [at("file"), at("copy/"), "FILE_NOT_DIRECTORY"],
        [at("file"), at("again"), "FILE_INVALID"],
        [at("tree"), at("tree"), "FILE_INVALID"],
        [at("tree"), at("tree", "sub", "copy"), "FILE_INVALID"],
        [at("tree"), at("tree", "new", "copy"), "FILE_INVALID"],
      ] as const;
      for (const [from, to, code] of refusals) {
        await expect(files().cp(from, to, { recursive: true }), `${from} to ${to}`).rejects.toMatchObject({ code });
      }
      expect(await read(at("again"))).toBe("content");
    });

    test("acts as the user, and ends by its signal", async () => {
      const at = await held.directory();
      await files().writeFile(at("file"), "content");
      await files().mkdir(at("theirs"));
      await files().chown(at("theirs"), 12, 34);
      await files().cp(at("file"), at("theirs", "copy"), { user: "12:34" });
      expect(await files().stat(at("theirs", "copy"))).toMatchObject({ uid: 12, gid: 34 });
      const aborted = files().cp(at("file"), at("copy"), { signal: AbortSignal.abort("why") });
      await expect(aborted).rejects.toBe("why");
    });
  });
}
