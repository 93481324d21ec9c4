import { randomBytes } from "node:crypto";
import { tarArchive } from "@a3s/testing";
import { describe, expect, test } from "vitest";
import type { Held } from "./agent-subject.ts";

/** Trees as tar archives, in and out. */
export function archivesSuite(held: Held): void {
  const files = () => held.client.files;
  const read = (path: string) => files().readFile(path, { encoding: "utf8" });

  describe("trees as tar archives", () => {
    const collect = async (archive: ReadableStream<Uint8Array>) => Buffer.concat(await Array.fromAsync(archive));

    test("go in with modes, owners, times and links, and come out the same", async () => {
      const at = await held.directory();
      const owned = { uid: 12, gid: 34, mtime: 1_000_000_000 };
      const archive = tarArchive([
        { type: "directory", path: "tree", mode: 0o750 },
        { type: "file", path: "tree/file", content: randomBytes(100_000), mode: 0o4755, ...owned },
        { type: "hardlink", path: "tree/hard", target: "tree/file", mode: 0o4755, ...owned },
        { type: "symlink", path: "tree/soft", target: "x".repeat(200) },
        { type: "file", path: `tree/${"long".repeat(60)}`, content: "deep" },
      ]);
      expect(await files().uploadTar(at(), archive, { keepOwners: true })).toBe(5);
      expect(await files().stat(at("tree", "hard"))).toMatchObject({ uid: 12, gid: 34, mode: 0o4755, nlink: 2 });
      expect((await files().stat(at("tree", "file"))).mtimeMs).toBe(1_000_000_000_000);
      await files().mkdir(at("copy"));
      await files().uploadTar(at("copy"), files().downloadTar(at("tree")), { keepOwners: true });
      const [one, other] = [at("tree"), at("copy", "tree")];
      const names = (await files().readdir(one)).toSorted();
      expect((await files().readdir(other)).toSorted()).toEqual(names);
      for (const name of names) {
        const [left, right] = [await files().lstat(`${one}/${name}`), await files().lstat(`${other}/${name}`)];
        const said = ({ type, mode, uid, gid, size, nlink }: typeof left) => ({ type, mode, uid, gid, size, nlink });
        expect(said(right)).toEqual(said(left));
      }
      expect(await files().readFile(`${other}/file`)).toEqual(await files().readFile(`${one}/file`));
    });

    test("keep the extended attributes of users, where the agent has a place for them", async () => {
      const at = await held.directory();
      const xattrs = { "user.note": "two\nlines", "user.overlay.opaque": "y" };
      await files().uploadTar(at(), tarArchive([{ type: "file", path: "file", content: "x", xattrs }]));
      expect(await read(at("file"))).toBe("x");
      const archive = (await collect(files().downloadTar(at("file")))).toString("latin1");
      expect(archive.includes(" SCHILY.xattr.user.note=two\nlines\n")).toBe(held.traits.keepsXattrs);
      expect(archive).not.toContain("user.overlay");
    });

    test("belong to the user without keepOwners, and single files can be packed by another name", async () => {
      const at = await held.directory();
      await files().writeFile(at("file"), "content");
      await files().uploadTar(at(), files().downloadTar(at("file"), { name: "named" }));
      expect(await read(at("named"))).toBe("content");
      await files().uploadTar(at(), tarArchive([{ type: "file", path: "other", uid: 77, gid: 77 }]));
      expect(await files().stat(at("other"))).toMatchObject({ uid: 0, gid: 0 });
    });

    test.each<[string, Parameters<typeof tarArchive>[0]]>([
      ["two dots", [{ type: "file", path: "../outside/in" }]],
      [
        "a link of the archive",
        [
          { type: "symlink", path: "door", target: "../outside" },
          { type: "file", path: "door/in" },
        ],
      ],
      ["a link that is there", [{ type: "file", path: "gate/in" }]],
    ])("do not get out of their directory by %s", async (_name, entries) => {
      const at = await held.directory();
      for (const name of ["outside", "into"]) await files().mkdir(at(name));
      await files().symlink("../outside", at("into", "gate"));
      await expect(files().uploadTar(at("into"), tarArchive(entries))).rejects.toMatchObject({
        code: expect.stringMatching(/^FILE_(NOT_DIRECTORY|INVALID)$/),
      });
      expect(await files().readdir(at("outside"))).toEqual([]);
    });

    test("are refused where they are none, or have no place", async () => {
      const at = await held.directory();
      const whole = tarArchive([{ type: "file", path: "file", content: randomBytes(100_000) }]);
      await expect(files().uploadTar(at(), randomBytes(10_000))).rejects.toMatchObject({ code: "FILE_INVALID" });
      const half = files().uploadTar(at(), whole.subarray(0, 50_000));
      await expect(half).rejects.toMatchObject({ code: "FILE_INVALID" });
      await expect(files().uploadTar(at("none"), whole)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
      await expect(collect(files().downloadTar(at("none")))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    });
  });
}
