import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { newBoxId } from "@a3s/core";
import { expect, test } from "vitest";
import { boxSetting } from "../../test/box-setting.ts";
import { createRuntime } from "../runtime/runtime.ts";
import { VmManager } from "../vm-manager.ts";
import { NetworkStore } from "./network-store.ts";

test("a box is on its network from its creation to its removal, under its name", async () => {
  const { home, image, runtime } = await boxSetting();
  const made = await runtime.networks.create("apps", { labels: { team: "a" } });
  expect(made).toEqual({
    name: "apps",
    createdAt: expect.stringMatching(/^\d{4}-/),
    ...{ subnet: "10.163.0.0/24", gateway: "10.163.0.1", labels: { team: "a" }, inUse: false, members: [] },
  });
  const box = await runtime.boxes.create({ image, network: "apps" }, { name: "web" });
  const other = createRuntime({ home });
  const member = { box: box.id, name: "web", address: "10.163.0.2", mac: "02:a3:0a:a3:00:02" };
  expect(await other.networks.get("apps")).toEqual({ ...made, inUse: true, members: [member] });
  expect((await other.networks.list()).at(-1)).toEqual({
    ...{ name: "apps", kind: "named", outgoing: false, ports: false, subnet: "10.163.0.0/24", inUse: true },
    description: "its boxes reach each other, and nobody else",
  });
  expect(await box.inspect()).toMatchObject({ address: "10.163.0.2" });
  await box.rename("api");
  expect((await other.networks.get("apps")).members).toEqual([{ ...member, name: "api" }]);
  await expect(other.networks.remove("apps")).rejects.toMatchObject({ code: "NETWORK_IN_USE" });
  await box.remove();
  await other.networks.remove("apps");
  expect((await runtime.networks.list()).map(({ kind }) => kind)).not.toContain("named");
});

test("a box on a network that is not there, or full, is not made", async () => {
  const { image, runtime } = await boxSetting();
  await expect(runtime.boxes.create({ image, network: "apps" })).rejects.toMatchObject({ code: "NETWORK_NOT_FOUND" });
  await runtime.networks.create("apps", { subnet: "10.0.0.0/29" });
  for (let count = 0; count < 5; count++) await runtime.boxes.create({ image, network: "apps" });
  await expect(runtime.boxes.create({ image, network: "apps" })).rejects.toMatchObject({ code: "NETWORK_FULL" });
  expect(await runtime.boxes.list()).toHaveLength(5);
});

test("a box that ends with its process is on its network as long as it is there", async () => {
  const { home, runtime } = await boxSetting();
  const boot = () => new VmManager({ image: "oci:/nonexistent", network: "apps" }, undefined, { home }).boot();
  await expect(boot()).rejects.toMatchObject({ code: "NETWORK_NOT_FOUND" });
  await runtime.networks.create("apps", { subnet: "10.0.0.0/29" });
  for (let count = 0; count < 6; count++) {
    await expect(boot()).rejects.not.toMatchObject({ code: expect.stringMatching(/^NETWORK_/) });
  }
  await runtime.networks.remove("apps");
});

test("what is kept on a network for boxes that are gone is given up, and sockets of networks that are", async () => {
  const { home, image, runtime } = await boxSetting();
  await runtime.networks.create("apps");
  const box = await runtime.boxes.create({ image, network: "apps" });
  await new NetworkStore(runtime.home).enroll("apps", newBoxId());
  await mkdir(join(home, "run/net/abcdefgh"), { recursive: true });
  await runtime.open();
  expect((await runtime.networks.get("apps")).members.map((member) => member.box)).toEqual([box.id]);
  await rmdir(join(home, "run/net"));
});
