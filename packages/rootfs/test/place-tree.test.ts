import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { placeTree } from "../src/archive/place-tree.ts";
import { removeTree } from "../src/root/remove-tree.ts";
import { treeOf } from "./fixture/tree.ts";

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "a3s-place-"));
});
afterEach(() => removeTree(scratch));
const at = (...names: string[]) => join(scratch, ...names);

/** Files by path; a value "/" is a directory, "-> x" a link. */
function make(files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(at(path)), { recursive: true });
    if (content === "/") mkdirSync(at(path), { recursive: true });
    else if (content.startsWith("-> ")) symlinkSync(content.slice(3), at(path));
    else writeFileSync(at(path), content);
  }
}

test.each<[string, Record<string, string>, Record<string, string>]>([
  ["a file where nothing is", { from: "new" }, { to: "= new" }],
  ["a file over a file", { from: "new", to: "old" }, { to: "= new" }],
  [
    "a file over a link, which is replaced",
    { from: "new", kept: "old", to: "-> kept" },
    { kept: "= old", to: "= new" },
  ],
  ["a link over a file", { from: "-> x", to: "old" }, { to: "-> x" }],
  ["a directory where nothing is", { "from/a": "1" }, { to: "/", "to/a": "= 1" }],
  [
    "a directory into one that is there",
    { "from/a": "new", "from/d/x": "new", "to/a": "old", "to/b": "old", "to/d/y": "old" },
    { to: "/", "to/a": "= new", "to/b": "= old", "to/d": "/", "to/d/x": "= new", "to/d/y": "= old" },
  ],
])("%s", async (_name, files, expected) => {
  make(files);
  await placeTree(at("from"), at("to"));
  await removeTree(at("from"));
  expect(treeOf(scratch)).toEqual(expected);
});

test.each<[string, Record<string, string>]>([
  ["a file over a directory", { from: "new", "to/x": "old" }],
  ["a directory over a file", { "from/x": "new", to: "old" }],
  ["a directory over a link to one", { "from/x": "new", "kept/y": "old", to: "-> kept" }],
  ["a directory over a link below", { "from/d/x": "new", "kept/y": "old", "to/d": "-> ../kept" }],
  ["a link over a directory below", { "from/d": "-> /etc", "to/d/y": "old" }],
])("%s is refused", async (_name, files) => {
  make(files);
  await expect(placeTree(at("from"), at("to"))).rejects.toMatchObject({ code: "TARGET_OBSTRUCTED" });
  expect(existsSync(at("from"))).toBe(true);
  if (existsSync(at("kept"))) expect(readdirSync(at("kept"))).toEqual(["y"]);
});

test("a new directory keeps its mode and time, also one that nobody may write to; one that is there keeps its own mode", async () => {
  make({ "from/shut/x": "1", "from/open/x": "1", "to/open/y": "2" });
  chmodSync(at("from", "open"), 0o777);
  chmodSync(at("to", "open"), 0o750);
  utimesSync(at("from", "shut"), 5, 5);
  chmodSync(at("from", "shut"), 0o500);
  await placeTree(at("from"), at("to"));
  expect(statSync(at("to", "shut"))).toMatchObject({ mode: 0o40500, mtimeMs: 5000 });
  expect(statSync(at("to", "open")).mode).toBe(0o40750);
});

test("names of any bytes are moved", async () => {
  make({ "from/d": "/", to: "/" });
  const odd = Buffer.concat([Buffer.from(at("from/odd-")), Buffer.from([0xff])]);
  writeFileSync(odd, "odd");
  await placeTree(at("from"), at("to"));
  expect(readFileSync(Buffer.concat([Buffer.from(at("to/odd-")), Buffer.from([0xff])]), "utf8")).toBe("odd");
});

test("the signal ends it", async () => {
  make({ "from/a": "1", to: "/" });
  await expect(placeTree(at("from"), at("to"), AbortSignal.abort("why"))).rejects.toBe("why");
});
