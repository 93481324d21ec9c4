import { lstatSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TarEntry } from "@a3s/testing";
import { expect, test } from "vitest";
import { dir, file, gone, hard, link, opaque } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";
import { treeOf } from "./fixture/tree.ts";

/*
 * The cases of containerd (TestBreakouts), moby's go-archive and umoci, with the layers below that theirs start from. What they apply is
 * applied here with the same outcome, or refused where readers disagree; what they refuse is refused.
 */

type Tree = Readonly<Record<string, string>>;
type Layers = (outside: string) => readonly (readonly TarEntry[])[];

const PASSWD = [dir("etc", { mode: 0o770 }), file("etc/passwd", "inside")];
const UP = "../".repeat(32);

test.each<[string, Layers, Tree]>([
  [
    "SymlinkUpAndOut",
    () => [[dir("etc"), dir("dummy"), link("localetc", "/dummy/../etc"), file("/localetc/unbroken")]],
    { "etc/unbroken": "= 1" },
  ],
  [
    "SymlinkMultipleAbsolute",
    () => [
      [
        dir("etc"),
        dir("dummy"),
        link("/dummy/etc", "/etc"),
        link("localetc", "/dummy/etc"),
        file("/dummy/etc/unbroken"),
      ],
    ],
    { "etc/unbroken": "= 1", localetc: "-> /dummy/etc" },
  ],
  [
    "SymlinkMultipleRelative",
    () => [
      [
        dir("etc"),
        dir("dummy"),
        link("/dummy/etc", "/etc"),
        link("localetc", "./dummy/etc"),
        file("/dummy/etc/unbroken"),
      ],
    ],
    { "etc/unbroken": "= 1" },
  ],
  [
    "SymlinkEmptyFile, through the link",
    () => [[dir("etc"), file("etc/emptied", "notempty"), link("localetc", "/etc"), file("/localetc/emptied", "")]],
    { "etc/emptied": "= " },
  ],
  [
    "HardlinkRelative",
    () => [
      [
        ...PASSWD,
        dir("breakouts"),
        link("breakouts/d1", "../../etc"),
        hard("breakouts/mypasswd", "/breakouts/d1/passwd"),
      ],
    ],
    { "breakouts/mypasswd": "= inside" },
  ],
  [
    "HardlinkDownAndOut",
    () => [
      [
        ...PASSWD,
        dir("breakouts"),
        dir("downandout"),
        link("breakouts/d1", "../downandout/../../etc"),
        hard("breakouts/mypasswd", "/breakouts/d1/passwd"),
      ],
    ],
    { "breakouts/mypasswd": "= inside" },
  ],
  [
    "HardlinkRelativeUpAndOut",
    () => [[...PASSWD, link("localetc", "upandout/../../../etc"), hard("localpasswd", "/localetc/passwd")]],
    { localpasswd: "= inside" },
  ],
  [
    "SymlinkParentRelative",
    () => [[...PASSWD, link("localetc/sub/..", "/etc/"), hard("/localetc/localpasswd", "/etc/passwd")]],
    { localetc: "-> /etc/", "etc/localpasswd": "= inside" },
  ],
  [
    "SymlinkSlashEnded",
    () => [[...PASSWD, dir("localetc/"), hard("/localetc/localpasswd", "/etc/passwd")]],
    { "localetc/localpasswd": "= inside" },
  ],
  [
    "SymlinkOverrideDirectory",
    () => [
      [...PASSWD, dir("localetc")],
      [link("localetc", "/etc"), hard("/localetc/localpasswd", "/etc/passwd")],
    ],
    { "etc/localpasswd": "= inside", localetc: "-> /etc" },
  ],
  [
    "SymlinkOverrideDirectoryRelative",
    () => [
      [...PASSWD, dir("localetc")],
      [link("localetc", "../../etc"), hard("/localetc/localpasswd", "/etc/passwd")],
    ],
    { "etc/localpasswd": "= inside" },
  ],
  [
    "DirectoryOverrideSymlink",
    () => [
      [...PASSWD, link("localetc", "/etc")],
      [dir("/localetc/"), hard("/localetc/localpasswd", "/etc/passwd")],
    ],
    { localetc: "/", "localetc/localpasswd": "= inside" },
  ],
  [
    "DirectoryOverrideSymlinkAndHardlink",
    () => [
      [...PASSWD, link("localetc", "etc"), hard("/localetc/localpasswd", "/etc/passwd")],
      [dir("/localetc/"), file("/localetc/localpasswd", "different")],
    ],
    { "etc/passwd": "= inside", "localetc/localpasswd": "= different" },
  ],
  [
    "HardlinkSymlinkBeforeCreateTarget",
    () => [
      [
        dir("etc"),
        link("localpasswd", "/etc/passwd"),
        hard("localpasswd-dup", "localpasswd"),
        file("/etc/passwd", "after"),
      ],
    ],
    { "localpasswd-dup": "-> /etc/passwd", "etc/passwd": "= after" },
  ],
  [
    "HardlinkSymlinkChmod",
    (outside) => [
      [link(`${outside}/sketchy`, `${outside}/passwd`), hard("sketchylink", `${outside}/sketchy`, { mode: 0o777 })],
    ],
    {},
  ],
  ["WhiteoutSymlink", () => [[...PASSWD, link("localetc", "/etc")], [gone("localetc")]], { "etc/passwd": "= inside" }],
  [
    "WhiteoutSymlinkPath",
    () => [[...PASSWD, file("etc/whitedout"), link("localetc", "/etc")], [gone("localetc/whitedout")]],
    { etc: "/", "etc/passwd": "= inside", localetc: "-> /etc" },
  ],
  [
    "WhiteoutDeadSymlinkParent",
    () => [[...PASSWD, link("localetc", "/dne")], [gone("localetc/etc")]],
    { "etc/passwd": "= inside" },
  ],
  ["WhiteoutRelativePath", () => [[...PASSWD], [{ type: "file", path: "dne/../.wh.etc" }]], {}],
  [
    "umoci's SymlinkScoping: a link to /",
    () => [[link("link", "/"), file("link/file", "container")]],
    { file: "= container" },
  ],
  ...["/../", `/${UP}`, "/./.././.././.././.././../", ".."].map((target): [string, Layers, Tree] => [
    `umoci's SymlinkScoping: a link to ${target}`,
    () => [[link("link", target), file("link/canary", "container")]],
    { canary: "= container", link: `-> ${target}` },
  ]),
  ["umoci's ParentDir", () => [[file("a/b/c/file")]], { a: "/", "a/b": "/", "a/b/c": "/", "a/b/c/file": "= 1" }],
  [
    "umoci's NonDirParent: a lower file where a directory is now",
    () => [[file("a/b", "file")], [file("a/b/c", "2")]],
    { "a/b": "/", "a/b/c": "= 2" },
  ],
  [
    "moby's InvalidSymlink: links out are links, and lead nowhere",
    () => [[link("dotdot", "../victim/hello"), link("slash-dotdot", "/../victim/hello")]],
    { dotdot: "-> ../victim/hello", "slash-dotdot": "-> /../victim/hello" },
  ],
  [
    "moby's InvalidSymlink: writing",
    () => [[link("loophole-victim", "../rootfs-evil"), file("loophole-victim/secret", "2")]],
    { "rootfs-evil/secret": "= 2" },
  ],
  [
    "moby's InvalidSymlink: reading, by a link through the link",
    () => [[link("loophole-victim", "../rootfs-evil"), link("symlink", "loophole-victim/secret")]],
    { symlink: "-> loophole-victim/secret" },
  ],
  [
    "moby's InvalidSymlink: removing",
    () => [[link("loophole-victim", "../rootfs-evil"), file("loophole-victim", "2")]],
    { "loophole-victim": "= 2" },
  ],
  [
    "moby's implied directories through a lower layer's link",
    () => [[dir("usr"), dir("usr/lib"), link("lib", "usr/lib")], [file("lib/systemd/system/container.service")]],
    { lib: "-> usr/lib", "usr/lib/systemd/system/container.service": "= 1" },
  ],
  [
    "SiblingPrefixContained: a whiteout of the sibling's name",
    () => [
      [dir("rootfs-evil"), file("rootfs-evil/secret")],
      [gone("rootfs-evil/secret"), opaque("rootfs-evil")],
    ],
    { "rootfs-evil": "/" },
  ],
])("%s", async (_, layers, expected) => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(...layers(scratch.directory).map((entries) => plain(entries)));
  expect(treeOf(path)).toMatchObject(expected);
  await scratch.expectUntouched();
});

test("same inodes where containerd compares them", async () => {
  await using scratch = await Scratch.create();
  const { path } = await scratch.apply(
    plain([...PASSWD, link("localetc", "/etc"), hard("localpasswd", "/localetc/passwd"), hard("linked", "localetc")]),
  );
  expect(statSync(join(path, "localpasswd")).ino).toBe(statSync(join(path, "etc/passwd")).ino);
  expect(lstatSync(join(path, "linked")).ino).toBe(lstatSync(join(path, "localetc")).ino);
});

test.each<[string, Layers, string]>([
  [
    "SymlinkParentDirectory",
    () => [[...PASSWD, link("..", "/etc/"), hard("localpasswd", "/etc/passwd")]],
    "LAYER_ESCAPE",
  ],
  ["SymlinkEmptyFilename", () => [[...PASSWD, link("", "/etc/"), hard("localpasswd", "/etc/passwd")]], "LAYER_INVALID"],
  ["HardlinkDirectRelative", () => [[...PASSWD, hard("localpasswd", "../../../../../etc/passwd")]], "LAYER_ESCAPE"],
  ["WhiteoutRootParent", () => [PASSWD, [file(".wh...", "")]], "LAYER_ESCAPE"],
  ["WhiteoutParent", () => [PASSWD, [file("etc/.wh...", "")]], "LAYER_ESCAPE"],
  ["WhiteoutRoot", () => [PASSWD, [file(".wh..", "")]], "LAYER_INVALID"],
  ["WhiteoutCurrentDirectory", () => [PASSWD, [file("etc/.wh..", "")]], "LAYER_INVALID"],
  ["WhiteoutDirectoryName", () => [PASSWD, [file(".wh.etc/somefile", "non-empty")]], "LAYER_INVALID"],
  ["umoci's SanitiseScoping, /..", () => [[file("/../canary", "container")]], "LAYER_ESCAPE"],
  ["umoci's SanitiseScoping, ..", () => [[file("../canary", "container")]], "LAYER_ESCAPE"],
  ["moby's InvalidFilenames, ../", () => [[file("../rootfs-evil/dotdot", "")]], "LAYER_ESCAPE"],
  ["moby's InvalidFilenames, /../", () => [[file("/../rootfs-evil/slash-dotdot", "")]], "LAYER_ESCAPE"],
  ["moby's InvalidHardlink, ../", () => [[hard("dotdot", "../rootfs-evil/secret")]], "LAYER_ESCAPE"],
  ["moby's InvalidHardlink, /../", () => [[hard("slash-dotdot", "/../rootfs-evil/secret")]], "LAYER_ESCAPE"],
  [
    "moby's InvalidHardlink, to a directory",
    () => [[hard("loophole", "../rootfs-evil"), file("loophole/file", "")]],
    "LAYER_ESCAPE",
  ],
  [
    "moby's InvalidSymlink, reading by a hard link through the link",
    () => [[link("loophole-victim", "../rootfs-evil"), hard("hardlink", "loophole-victim/secret")]],
    "LAYER_INVALID",
  ],
  [
    "moby's hard link to the sibling's prefix",
    (outside) => [[hard("grab", `${outside}/one/two/three/rootfs-evil/secret`)]],
    "LAYER_INVALID",
  ],
  [
    "umoci's hard link to a link above the root",
    () => [[link("link", "../../../regular"), hard("x", "../../../link")]],
    "LAYER_ESCAPE",
  ],
  ...["8000000100000000", "ffffffffffffffff", "8000000000001000"].map((hex): [string, Layers, string] => [
    `moby's DeviceRange, major ${hex}`,
    () => [[{ type: "block-device", path: "dev", major: 0, minor: 0, header: { devmajor: Buffer.from(hex, "hex") } }]],
    "LAYER_INVALID",
  ]),
  ...["8000000100000000", "ffffffffffffffff", "8000000000100000"].map((hex): [string, Layers, string] => [
    `moby's DeviceRange, minor ${hex}`,
    () => [
      [{ type: "character-device", path: "dev", major: 0, minor: 0, header: { devminor: Buffer.from(hex, "hex") } }],
    ],
    "LAYER_INVALID",
  ]),
])("%s is refused", async (_, layers, code) => {
  await using scratch = await Scratch.create();
  const attack = scratch.apply(...layers(scratch.directory).map((entries) => plain(entries)));
  await expect(attack).rejects.toMatchObject({ code });
  await scratch.expectUntouched();
});
