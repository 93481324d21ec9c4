import { randomBytes } from "node:crypto";
import { tarArchive } from "@a3s/testing";
import { describe, expect, test } from "vitest";
import type { AgentFiles, GuestChange } from "../../src/index.ts";
import type { Held } from "./agent-subject.ts";

const MIB = 1024 * 1024;

/** Files of the guest, by nothing but the client. */
export function filesSuite(held: Held): void {
  const files = () => held.client.files;
  const read = (path: string) => files().readFile(path, { encoding: "utf8" });
  /** A new directory, and paths in it. */
  const directory = async () => {
    const root = held.at(crypto.randomUUID().slice(0, 8));
    await files().mkdir(root);
    return (...names: string[]) => [root, ...names].join("/");
  };

  describe("content of files", () => {
    test("comes back as it was written, whatever its size", async () => {
      const at = await directory();
      for (const size of [0, 1, 65_535, 65_536, 65_537, 3 * MIB + 7]) {
        const content = randomBytes(size);
        await files().writeFile(at("file"), content);
        expect(Buffer.from(await files().readFile(at("file"))).equals(content)).toBe(true);
      }
    });

    test("is text in UTF-8, and can be read in part", async () => {
      const at = await directory();
      await files().writeFile(at("text"), "häßlich\n");
      expect(await read(at("text"))).toBe("häßlich\n");
      const part = async (options: object) => {
        const chunks = await Array.fromAsync(files().createReadStream(at("text"), options));
        return Buffer.concat(chunks).toString();
      };
      expect(await part({ start: 3, end: 4 })).toBe("ß");
      expect(await part({ start: 5 })).toBe("lich\n");
      expect(await part({ start: 100 })).toBe("");
    });

    test("is replaced at once and with its mode, written in place, appended to, or refused", async () => {
      const at = await directory();
      await files().writeFile(at("log"), "old", { mode: 0o640 });
      const { promise: half, resolve: wroteHalf } = Promise.withResolvers<void>();
      const { promise: go, resolve: goOn } = Promise.withResolvers<void>();
      async function* source() {
        yield "ne";
        wroteHalf();
        await go;
        yield "w";
      }
      const before = await files().stat(at("log"));
      const written = files().writeFile(at("log"), source());
      await half;
      expect(await read(at("log"))).toBe("old");
      goOn();
      await written;
      const after = await files().stat(at("log"));
      expect([await read(at("log")), after.mode, after.ino === before.ino]).toEqual(["new", 0o640, false]);
      await files().writeFile(at("log"), "two\n", { inPlace: true });
      await files().appendFile(at("log"), "three\n");
      expect([await read(at("log")), (await files().stat(at("log"))).ino]).toEqual(["two\nthree\n", after.ino]);
      const exclusive = files().writeFile(at("log"), "x", { flag: "wx" });
      await expect(exclusive).rejects.toMatchObject({ code: "FILE_EXISTS", details: { errno: "EEXIST" } });
    });

    test("stays as it was when its source fails", async () => {
      const at = await directory();
      await files().writeFile(at("kept"), "old");
      async function* broken() {
        yield randomBytes(MIB);
        throw new Error("disk gone");
      }
      await expect(files().writeFile(at("kept"), broken())).rejects.toMatchObject({
        code: "FILE_SOURCE_FAILED",
        cause: expect.objectContaining({ message: "disk gone" }),
      });
      expect(await read(at("kept"))).toBe("old");
    });

    test("is written through a symbolic link", async () => {
      const at = await directory();
      await files().mkdir(at("real"));
      await files().writeFile(at("real", "file"), "old");
      await files().symlink("real/file", at("link"));
      await files().symlink("real/new", at("dangling"));
      await files().writeFile(at("link"), "new");
      await files().writeFile(at("dangling"), "made");
      expect((await files().lstat(at("link"))).isSymbolicLink()).toBe(true);
      expect((await read(at("real", "file"))) + (await read(at("real", "new")))).toBe("newmade");
    });

    test("is what commands see, and commands' is what it is", async () => {
      const at = await directory();
      await files().writeFile(at("file"), "from the caller\n");
      expect((await held.client.exec(["cat", at("file")])).text()).toBe("from the caller\n");
    });

    test("belongs to the user who writes it, and is kept from others where permissions are enforced", async () => {
      const at = await directory();
      await files().chmod(at(), 0o777);
      await files().chmod(held.at(), 0o755);
      await files().writeFile(at("own"), "x", { user: "1234:567" });
      expect(await files().stat(at("own"))).toMatchObject({ uid: 1234, gid: 567 });
      await files().writeFile(at("secret"), "x", { mode: 0o600 });
      const spied = files().readFile(at("secret"), { user: "1234:567" });
      if (held.traits.enforcesPermissions) await expect(spied).rejects.toMatchObject({ code: "FILE_ACCESS_DENIED" });
      else expect(await spied).toHaveLength(1);
    });
  });

  describe("directories and attributes", () => {
    test("stat says what a file is, lstat what a link is", async () => {
      const at = await directory();
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
      const at = await directory();
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
      const at = await directory();
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
      const at = await directory();
      for (const name of ["empty", "full"]) await files().mkdir(at(name));
      for (const name of [at("file"), at("full", "file")]) await files().writeFile(name, "x");
      await files().symlink("loop", at("loop"));
      await expect(call(files(), at)).rejects.toMatchObject({ code, details: { errno } });
      await expect(files().stat(at(), { user: "no-such-user" })).rejects.toMatchObject({ code: "FILE_INVALID" });
    });
  });

  describe("trees as tar archives", () => {
    const collect = async (archive: ReadableStream<Uint8Array>) => Buffer.concat(await Array.fromAsync(archive));

    test("go in with modes, owners, times and links, and come out the same", async () => {
      const at = await directory();
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

    test("belong to the user without keepOwners, and single files can be packed by another name", async () => {
      const at = await directory();
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
      const at = await directory();
      for (const name of ["outside", "into"]) await files().mkdir(at(name));
      await files().symlink("../outside", at("into", "gate"));
      await expect(files().uploadTar(at("into"), tarArchive(entries))).rejects.toMatchObject({
        code: expect.stringMatching(/^FILE_(NOT_DIRECTORY|INVALID)$/),
      });
      expect(await files().readdir(at("outside"))).toEqual([]);
    });

    test("are refused where they are none, or have no place", async () => {
      const at = await directory();
      const whole = tarArchive([{ type: "file", path: "file", content: randomBytes(100_000) }]);
      await expect(files().uploadTar(at(), randomBytes(10_000))).rejects.toMatchObject({ code: "FILE_INVALID" });
      const half = files().uploadTar(at(), whole.subarray(0, 50_000));
      await expect(half).rejects.toMatchObject({ code: "FILE_INVALID" });
      await expect(files().uploadTar(at("none"), whole)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
      await expect(collect(files().downloadTar(at("none")))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    });
  });

  describe("watching", () => {
    /** Changes up to the one of that name. */
    async function until(watch: AsyncIterable<GuestChange>, last: string): Promise<string[]> {
      const seen: string[] = [];
      for await (const { type, name } of watch) {
        seen.push(`${type} ${name}`);
        if (name === last) return seen;
      }
      throw new Error(`It ended before ${last}: ${seen}`);
    }

    test("tells every change in a directory in order, from the moment that it resolves", async () => {
      const at = await directory();
      await files().writeFile(at("a"), "");
      await using watch = await files().watch(at());
      await files().appendFile(at("a"), "x");
      await files().chmod(at("a"), 0o600);
      await files().mkdir(at("d"));
      await files().mkdir(at("d", "deeper, is not told"));
      await files().rename(at("a"), at("b"));
      await files().rm(at("b"));
      await files().symlink("x", at("last"));
      expect(await until(watch, "last")).toEqual([
        "modified a",
        "attributes a",
        "created d",
        "moved-from a",
        "moved-to b",
        "removed b",
        "created last",
      ]);
    });

    test("of a file ends with the file; others by signal, by being left and by being disposed", async () => {
      const at = await directory();
      await files().writeFile(at("file"), "");
      await using watch = await files().watch(at("file"));
      await files().appendFile(at("file"), "x");
      await files().rm(at("file"));
      const seen = (await Array.fromAsync(watch)).map(({ type, name }) => type + name);
      expect(seen).toEqual(["modified", "attributes"]);
      const controller = new AbortController();
      const signalled = await files().watch(at(), { signal: controller.signal });
      const pending = signalled[Symbol.asyncIterator]().next();
      controller.abort("why");
      await expect(pending).rejects.toBe("why");
      const disposed = await files().watch(at());
      const waiting = disposed[Symbol.asyncIterator]().next();
      await disposed[Symbol.asyncDispose]();
      expect(await waiting).toMatchObject({ done: true });
      const left = await files().watch(at());
      await files().mkdir(at("a"));
      for await (const _ of left) break;
      expect(await left[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
      await expect(files().watch(at("none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    });
  });
}
