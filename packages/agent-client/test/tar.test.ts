import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

let agent: RealAgent;
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
beforeAll(async () => {
  agent = await startRealAgent();
});
beforeEach(async () => {
  await scratch?.[Symbol.asyncDispose]();
  scratch = await scratchDirectory();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

const at = (...names: string[]) => join(scratch.path, ...names);
const files = () => agent.client.files;
const tar = (...argv: string[]) => execFileSync("tar", argv, { cwd: scratch.path, encoding: "utf8" });
const isRoot = process.geteuid?.() === 0;
const ODD = Buffer.concat([Buffer.from("odd-"), Buffer.from([0xff])]);
const LONG = "long".repeat(60);

/** A tree with one of everything that a tar archive can hold, and files can be made of without root. */
function makeTree(root: string): void {
  mkdirSync(join(root, "sub", LONG, LONG), { recursive: true });
  writeFileSync(join(root, "file"), randomBytes(100_000));
  writeFileSync(join(root, "empty"), "");
  chmodSync(join(root, "empty"), 0o4755);
  linkSync(join(root, "file"), join(root, "sub", "hard"));
  symlinkSync("../file", join(root, "sub", "soft"));
  symlinkSync("x".repeat(300), join(root, "sub", "long-target"));
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), ODD]), "odd");
  writeFileSync(join(root, "sub", LONG, LONG, "deep"), "deep");
  execFileSync("mkfifo", [join(root, "fifo")]);
  utimesSync(join(root, "file"), 1_000_000_000, 1_000_000_000.25);
  utimesSync(join(root, "empty"), -5.5, -5.5);
  lutimesSync(join(root, "sub", "soft"), 2, 3.5);
  if (isRoot) chownSync(join(root, "sub", LONG), 3_000_000, 12);
  utimesSync(join(root, "sub"), 7, 7);
  chmodSync(join(root, "sub"), 0o750);
}

/** Everything that is to come through, by path. */
function inventory(root: string, owners = true) {
  const inodes = new Map<number, string>();
  return Object.fromEntries(
    readdirSync(root, { recursive: true, encoding: "latin1" })
      .toSorted()
      .map((path) => {
        const file = Buffer.from(`${root}/${path}`, "latin1");
        const stat = lstatSync(file, { bigint: true });
        const content = stat.isFile() ? readFileSync(file, "hex").slice(0, 64) : undefined;
        const target = stat.isSymbolicLink() ? readlinkSync(file, "latin1") : undefined;
        const first = inodes.get(Number(stat.ino)) ?? path;
        inodes.set(Number(stat.ino), first);
        const owner = owners ? `${stat.uid}:${stat.gid}` : undefined;
        return [path, [Number(stat.mode).toString(8), owner, stat.mtimeNs, content, target, first]];
      }),
  );
}

async function download(path: string, to: string, options = {}): Promise<void> {
  await writeFile(to, files().downloadTar(path, options));
}

test("a tree that is downloaded is what GNU tar unpacks", async () => {
  mkdirSync(at("tree"));
  makeTree(at("tree"));
  await download(at("tree"), at("tree.tar"), { name: "copy" });
  tar("xpf", "tree.tar");
  expect(inventory(at("copy"))).toEqual(inventory(at("tree")));
});

test.each(["pax", "gnu"])("a tree that GNU tar packed as %s is unpacked as it was", async (format) => {
  mkdirSync(at("tree"));
  makeTree(at("tree"));
  tar(`--format=${format}`, "-cf", "tree.tar", "tree");
  mkdirSync(at("into"));
  await files().uploadTar(at("into"), readFileSync(at("tree.tar")), { keepOwners: true });
  const coarse = (entries: object) =>
    format === "pax"
      ? entries
      : JSON.parse(JSON.stringify(entries, (_, value) => (typeof value === "bigint" ? 0 : value)));
  expect(coarse(inventory(at("into", "tree")))).toEqual(coarse(inventory(at("tree"))));
});

test.each([
  ["old GNU", ["--format=gnu"]],
  ["PAX 1.0", ["--format=posix", "--sparse-version=1.0"]],
])("a sparse file that GNU tar packed as %s has its holes again", async (_name, format) => {
  mkdirSync(at("into"));
  writeFileSync(at("file"), randomBytes(100_000));
  for (const size of [8, 16, 24, 32]) {
    truncateSync(at("file"), size * 1024 * 1024);
    appendFileSync(at("file"), randomBytes(5000));
  }
  truncateSync(at("file"), 40 * 1024 * 1024);
  tar(...format, "-S", "-cf", "x.tar", "file");
  const archive = readFileSync(at("x.tar"));
  expect(archive.length).toBeLessThan(400_000);
  expect(await files().uploadTar(at("into"), archive)).toBe(1);
  expect(readFileSync(at("into", "file")).equals(readFileSync(at("file")))).toBe(true);
  expect(lstatSync(at("into", "file")).blocks * 512).toBeLessThan(400_000);
});

test("sparse files of the PAX formats before 1.0 are refused", async () => {
  mkdirSync(at("into"));
  writeFileSync(at("file"), "");
  truncateSync(at("file"), 100_000);
  for (const version of ["0.0", "0.1"]) {
    tar("--format=posix", `--sparse-version=${version}`, "-S", "-cf", "x.tar", "file");
    const upload = files().uploadTar(at("into"), readFileSync(at("x.tar")));
    await expect(upload).rejects.toMatchObject({ code: "FILE_INVALID" });
  }
});

test("a tree goes out and in again unchanged, and its entries are counted", async () => {
  mkdirSync(at("tree"));
  makeTree(at("tree"));
  mkdirSync(at("into"));
  const entries = await files().uploadTar(at("into"), files().downloadTar(at("tree")), { keepOwners: true });
  expect(inventory(at("into", "tree"))).toEqual(inventory(at("tree")));
  expect(entries).toBe(readdirSync(at("tree"), { recursive: true }).length + 1);
});

test("without keepOwners all belongs to the user", async () => {
  mkdirSync(at("tree"));
  makeTree(at("tree"));
  mkdirSync(at("into"));
  await files().uploadTar(at("into"), files().downloadTar(at("tree")));
  expect(inventory(at("into", "tree"), false)).toEqual(inventory(at("tree"), false));
  expect(lstatSync(at("into", "tree", "sub", LONG)).uid).toBe(process.geteuid?.());
});

test("single files, links and what links lead to", async () => {
  writeFileSync(at("file"), "content");
  symlinkSync("file", at("link"));
  await download(at("file"), at("a.tar"));
  await download(at("link"), at("b.tar"));
  await download(at("link"), at("c.tar"), { follow: true, name: "named" });
  await download(`${scratch.path}/.`, at("d.tar"));
  expect(tar("tf", "a.tar") + tar("tf", "c.tar")).toBe("file\nnamed\n");
  expect(tar("tvf", "b.tar")).toMatch(/^l.* link -> file$/m);
  expect(tar("tf", "d.tar").split("\n").toSorted()).toContain("./file");
});

test("an archive is merged with what is there", async () => {
  mkdirSync(at("new", "d"), { recursive: true });
  writeFileSync(at("new", "d", "file"), "new");
  writeFileSync(at("new", "other"), "new");
  mkdirSync(at("old", "d"), { recursive: true });
  for (const name of ["file", "kept"]) writeFileSync(at("old", "d", name), "old");
  symlinkSync("/nowhere", at("old", "other"));
  tar("-cf", "new.tar", "-C", "new", ".");
  await files().uploadTar(at("old"), readFileSync(at("new.tar")));
  expect(readdirSync(at("old", "d")).toSorted()).toEqual(["file", "kept"]);
  expect(readFileSync(at("old", "d", "file"), "utf8") + readFileSync(at("old", "other"), "utf8")).toBe("newnew");
});

test("no link is followed out of the directory, and nothing else leads out of it", async () => {
  mkdirSync(at("outside"));
  mkdirSync(at("into"));
  const escapes: Record<string, () => void> = {
    "a link of the archive": () => {
      symlinkSync("../outside", at("door"));
      tar("-cf", "x.tar", "door");
      mkdirSync(at("t", "door"), { recursive: true });
      writeFileSync(at("t", "door", "in"), "");
      tar("-rf", "x.tar", "-C", "t", "door/in");
    },
    "a link that is there": () => {
      symlinkSync("../outside", at("into", "gate"));
      mkdirSync(at("t", "gate"), { recursive: true });
      writeFileSync(at("t", "gate", "in"), "");
      tar("-cf", "x.tar", "-C", "t", "gate");
    },
    "two dots": () => tar("-cPf", "x.tar", "--transform=s,.*,../outside/in,", "t/gate/in"),
  };
  for (const [what, make] of Object.entries(escapes)) {
    make();
    const unpacked = files().uploadTar(at("into"), readFileSync(at("x.tar")));
    await expect(unpacked, what).rejects.toMatchObject({
      code: expect.stringMatching(/^FILE_(NOT_DIRECTORY|INVALID)$/),
    });
    expect(readdirSync(at("outside")), what).toEqual([]);
  }
  writeFileSync(at("secret"), "");
  symlinkSync("..", at("into", "up"));
  writeFileSync(at("t", "h1"), "");
  linkSync(at("t", "h1"), at("t", "h2"));
  tar("-cf", "x.tar", "--transform=s,^h1$,up/secret,RSh", "-C", "t", "h1", "h2");
  await expect(files().uploadTar(at("into"), readFileSync(at("x.tar")))).rejects.toMatchObject({
    code: "FILE_NOT_DIRECTORY",
  });
});

test("neither a directory is replaced by a file nor a file by a directory", async () => {
  mkdirSync(at("into", "a"), { recursive: true });
  writeFileSync(at("into", "b"), "");
  writeFileSync(at("a"), "");
  mkdirSync(at("b"));
  tar("-cf", "a.tar", "a");
  tar("-cf", "b.tar", "b");
  const upload = (name: string) => files().uploadTar(at("into"), readFileSync(at(name)));
  await expect(upload("a.tar")).rejects.toMatchObject({ code: "FILE_IS_DIRECTORY" });
  await expect(upload("b.tar")).rejects.toMatchObject({ code: "FILE_NOT_DIRECTORY" });
});

test("a broken archive is refused, and a source that fails ends the call", async () => {
  mkdirSync(at("into"));
  writeFileSync(at("file"), randomBytes(200_000));
  tar("-cf", "x.tar", "file");
  const whole = readFileSync(at("x.tar"));
  const upload = (archive: Parameters<typeof agent.client.files.uploadTar>[1]) =>
    files().uploadTar(at("into"), archive);
  await expect(upload(whole.subarray(0, 100_000))).rejects.toMatchObject({ code: "FILE_INVALID" });
  await expect(upload(randomBytes(10_000))).rejects.toMatchObject({ code: "FILE_INVALID" });
  async function* broken() {
    yield whole.subarray(0, 1024);
    throw new Error("disk gone");
  }
  await expect(upload(broken())).rejects.toMatchObject({ code: "FILE_SOURCE_FAILED" });
  await expect(files().uploadTar(at("none"), whole)).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(files().uploadTar(at("file"), whole)).rejects.toMatchObject({ code: "FILE_NOT_DIRECTORY" });
  expect(await upload(Buffer.concat([whole, Buffer.alloc(2_000_000)]))).toBe(1);
});

test("what an archive cannot hold is refused by name", async () => {
  const read = async (path: string) => {
    for await (const _ of files().downloadTar(path));
  };
  await expect(read(at("none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(read("/proc")).rejects.toMatchObject({ code: "FILE_UNSUPPORTED" });
  await expect(read("/etc/passwd/")).rejects.toMatchObject({ code: "FILE_NOT_DIRECTORY" });
  for (const name of ["", "..", "a/b", "a\0"]) {
    await expect((async () => files().downloadTar("/etc/passwd", { name }).getReader().read())()).rejects.toMatchObject(
      {
        code: "FILE_INVALID",
      },
    );
  }
});

test("a download that nobody reads is held back, and ends when it is left", async () => {
  writeFileSync(at("large"), "");
  truncateSync(at("large"), 2 ** 32);
  for await (const chunk of files().downloadTar(at("large"))) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
  const held = files().downloadTar(at("large")).getReader();
  await held.read();
  // As many as can run at the same time; one more needs the turn of one that was left.
  const many = Array.from({ length: 20 }, async () => {
    const reader = files().downloadTar(at("large")).getReader();
    await reader.read();
    await reader.cancel();
  });
  await Promise.all(many);
  await held.cancel();
});
