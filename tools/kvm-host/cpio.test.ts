import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { cpioArchive } from "./cpio.ts";

test("headers and contents start on multiples of four bytes", () => {
  const archive = cpioArchive([{ path: "a", content: "12345" }, { path: "dir" }]);
  expect(archive.length % 4).toBe(0);
  expect(archive.indexOf("070701", 1) % 4).toBe(0);
  expect(archive.toString("latin1", 0, 14)).toBe("07070100000001");
});

test("busybox unpacks what was packed", () => {
  const directory = mkdtempSync(join(tmpdir(), "cpio-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const input = cpioArchive([
    { path: "bin" },
    { path: "bin/run", content: "#!/bin/sh\n" },
    { path: "bin/sh", link: "run" },
    { path: "secret", content: Buffer.from([0, 255]), mode: 0o600 },
  ]);
  execFileSync("busybox", ["cpio", "-i"], { cwd: directory, input, stdio: ["pipe", "ignore", "ignore"] });
  expect(readFileSync(join(directory, "bin/run"), "utf8")).toBe("#!/bin/sh\n");
  expect(readlinkSync(join(directory, "bin/sh"))).toBe("run");
  expect([...readFileSync(join(directory, "secret"))]).toEqual([0, 255]);
  expect(statSync(join(directory, "secret")).mode & 0o777).toBe(0o600);
});
