import { expect, test } from "vitest";
import { type MountRequest, planMounts } from "./mount-plan.ts";

const request: MountRequest = { readOnly: false, volumes: [], tmpfs: [] };
const writable = { source: "/srv/a", target: "/a", readOnly: false };

test("a root alone needs nothing but the image's directory", () => {
  expect(planMounts(request)).toEqual({
    root: { lowerTag: "a3s.lower", readOnly: false, upperDevice: undefined },
    disks: [],
    volumes: [],
    shares: [],
    mounts: [],
  });
});

test.each([
  ["on the first disk, where one is asked for", { diskMib: 64 }, "/dev/vda", [{ sizeMib: 64 }]],
  ["in memory by default", {}, undefined, []],
  ["nowhere, when nothing is written", { diskMib: 64, readOnly: true }, undefined, []],
])("the writable layer lives %s", (_, change, upperDevice, disks) => {
  expect(planMounts({ ...request, ...change })).toMatchObject({ root: { upperDevice }, disks });
});

test("volumes and tmpfs come in the order in which they have to be made", () => {
  const { shares, mounts } = planMounts({
    ...request,
    volumes: [{ source: "/srv/b", target: "/a/tmp/b", readOnly: true }, writable],
    tmpfs: [{ target: "/a/tmp", sizeMib: 16, mode: 0o700 }, { target: "/scratch" }],
  });
  expect(shares).toEqual([
    {
      tag: "a3s.volumes",
      entries: [
        { name: "0", path: "/srv/b", readOnly: true },
        { name: "1", path: "/srv/a", readOnly: false },
      ],
    },
  ]);
  expect(mounts).toEqual([
    { kind: "virtio-fs", tag: "a3s.volumes", entry: "1", target: "/a", readOnly: false },
    { kind: "tmpfs", target: "/scratch", readOnly: false, sizeBytes: 0, mode: 0o1777 },
    { kind: "tmpfs", target: "/a/tmp", readOnly: false, sizeBytes: 16 * 1024 * 1024, mode: 0o700 },
    { kind: "virtio-fs", tag: "a3s.volumes", entry: "0", target: "/a/tmp/b", readOnly: true },
  ]);
});

test("a directory is shared once for each right that it is shared with", () => {
  const { shares, mounts } = planMounts({
    ...request,
    volumes: [writable, { ...writable, target: "/b" }, { ...writable, target: "/c", readOnly: true }],
  });
  expect(shares[0]?.entries).toEqual([
    { name: "0", path: "/srv/a", readOnly: false },
    { name: "1", path: "/srv/a", readOnly: true },
  ]);
  const entries = mounts.map((mount) => mount.kind === "virtio-fs" && mount.entry);
  expect(entries).toEqual(["0", "0", "1"]);
});

test("everything that is shared is mounted, with its own rights, and tags fit virtio-fs", () => {
  const volumes = Array.from({ length: 32 }, (_, number) => ({
    source: `/srv/${number % 20}`,
    target: `/t${number}`,
    readOnly: number % 3 === 0,
  }));
  const { shares, mounts } = planMounts({ ...request, volumes });
  expect(mounts).toHaveLength(32);
  for (const { tag, entries } of shares) {
    expect(Buffer.byteLength(tag)).toBeLessThanOrEqual(36);
    for (const { name, readOnly } of entries) {
      const users = mounts.filter((mount) => mount.kind === "virtio-fs" && mount.tag === tag && mount.entry === name);
      expect(users.length).toBeGreaterThan(0);
      expect(users.every((mount) => mount.readOnly === readOnly)).toBe(true);
    }
  }
});

test("a named volume is a directory beneath that of the volumes, planned once however often it is mounted", () => {
  const { volumes, shares } = planMounts({
    ...request,
    volumesDirectory: "/home/.a3s/volumes",
    volumes: ["/one", "/two"].map((target) => ({ source: "my_data.1", target, readOnly: target === "/two" })),
  });
  const path = "/home/.a3s/volumes/my_data.1/data";
  expect(volumes).toEqual([{ name: "my_data.1", path }]);
  expect(shares[0]?.entries.map((entry) => [entry.path, entry.readOnly])).toEqual([
    [path, false],
    [path, true],
  ]);
});

test.each(["../up", "a/b", ".", "", "-x", "x\0"])("MOUNT_INVALID: %j is no source", (source) => {
  const volumes = [{ ...writable, source }];
  expect(() => planMounts({ ...request, volumesDirectory: "/v", volumes })).toThrow(
    expect.objectContaining({ code: "MOUNT_INVALID", details: { source } }),
  );
});

test.each([
  ["a named volume without a place for it", { volumes: [{ ...writable, source: "data" }] }],
  ["a tmpfs where a volume is", { volumes: [writable], tmpfs: [{ target: "/a/" }] }],
  ["a volume on the root", { volumes: [{ ...writable, target: "/" }] }],
])("MOUNT_INVALID: %s", (_what, change) => {
  expect(() => planMounts({ ...request, ...change })).toThrow(expect.objectContaining({ code: "MOUNT_INVALID" }));
});
