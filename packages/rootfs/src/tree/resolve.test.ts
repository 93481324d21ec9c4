import { expect, test } from "vitest";
import { type DirectoryNode, directoryNode, pathOf, rootNode } from "./node.ts";
import { resolve } from "./resolve.ts";

function tree(): DirectoryNode {
  const root = rootNode();
  const add = (parent: DirectoryNode, name: string) => {
    const node = directoryNode(parent, name, 0);
    parent.children.set(name, node);
    return node;
  };
  const link = (parent: DirectoryNode, name: string, target: string) =>
    parent.children.set(name, { kind: "symlink", layer: 0, target, sha256: "", unset: undefined });
  const usr = add(root, "usr");
  const lib = add(usr, "lib");
  add(add(root, "a"), "b");
  lib.children.set("file", { kind: "file", layer: 0, target: "", sha256: "", unset: undefined });
  link(root, "lib", "usr/lib");
  link(root, "abs", "/usr");
  link(usr, "up", "../../../../a");
  link(root, "chain", "abs/up/b");
  link(root, "dead", "no/where");
  link(root, "loop", "loop");
  link(root, "tofile", "usr/lib/file");
  return root;
}

test.each<[string, string, readonly string[]]>([
  ["", "", []],
  ["usr/lib", "usr/lib", []],
  ["lib", "usr/lib", []],
  ["lib/x/y", "usr/lib", ["x", "y"]],
  ["abs/lib", "usr/lib", []],
  ["usr/up", "a", []],
  ["usr/up/../usr", "usr", []],
  ["chain", "a/b", []],
  ["../../..", "", []],
  ["dead/x", "", ["no", "where", "x"]],
  ["dead/../y", "", ["no", "y"]],
  ["dead/../../usr", "usr", []],
  ["x/../usr", "usr", []],
])("%j leads to /%s, lacking %j", (path, directory, missing) => {
  const resolved = resolve(tree(), path.split("/"));
  expect([pathOf(resolved.directory), resolved.missing, resolved.obstacle]).toEqual([directory, missing, undefined]);
});

test("something that is no directory is an obstacle", () => {
  expect(resolve(tree(), ["usr", "lib", "file", "x"])).toMatchObject({ missing: ["file", "x"], linked: false });
  expect(resolve(tree(), ["tofile", "x"])).toMatchObject({ obstacle: { kind: "file" }, linked: true });
});

test("the targets of links that lead on to each other are long together in hostile layers only", () => {
  const root = tree();
  const chain = (links: number, target: string) => {
    for (let link = 0; link < links; link++) {
      const onward = `${target}long${link + 1}`;
      root.children.set(`long${link}`, { kind: "symlink", layer: 0, target: onward, sha256: "", unset: undefined });
    }
    root.children.set(`long${links}`, { kind: "symlink", layer: 0, target: "usr", sha256: "", unset: undefined });
  };
  chain(39, "usr/../".repeat(28));
  expect(pathOf(resolve(root, ["long0"]).directory)).toBe("usr");
  chain(39, "usr/../".repeat(580));
  expect(() => resolve(root, ["long0"])).toThrow(expect.objectContaining({ code: "LAYER_INVALID" }));
});

test("a loop ends", () => {
  expect(() => resolve(tree(), ["loop"])).toThrow(expect.objectContaining({ code: "LAYER_INVALID" }));
});
