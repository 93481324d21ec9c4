import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRuntime } from "@a3s/box-runtime";
import { newBoxId, parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { commandWith } from "./command.ts";
import { homeForEach } from "./command-home.ts";
import { jsonOf } from "./json-output.ts";

const at = homeForEach();
const { a3sBox } = at;

test("networks are those that a box can have", async () => {
  await a3sBox("network", "create", "apps");
  const listed = jsonOf("network ls", await a3sBox("network", "ls", "--json"));
  for (const { name, ports } of listed) {
    expect(parseBoxConfig({ image: "a", network: name }).network).toBe(name);
    const publish = () => parseBoxConfig({ image: "a", network: name, ports: ["0.0.0.0:8080:80"] });
    if (ports) expect(publish().ports).toHaveLength(1);
    else expect(publish).toThrow("network");
  }
  for (const network of ["bridge", "host"]) {
    expect(await a3sBox("run", "--network", network, "a")).toMatchObject({
      code: 125,
      stderr: expect.stringMatching(/network: must be "none", "passt", "tsi" or the name of a network/),
    });
  }
  expect((await a3sBox("network", "ls", "-q")).stdout).toBe("none\npasst\ntsi\napps\n");
  const [head, ...rows] = (await a3sBox("network", "ls")).stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(head).toEqual(["NETWORK", "HERE", "OUTGOING", "PORTS", "SUBNET", "IN USE", "WHAT IT IS"]);
  expect(rows[3]).toEqual(["apps", "yes", "no", "no", "10.163.0.0/24", "no", expect.stringContaining("each other")]);
  const bare = commandWith(at.home, { PATH: "/nonexistent" });
  const missing = jsonOf("network ls", await bare("network", "ls", "--json")).filter((network) => network.missing);
  expect(missing).toMatchObject([{ name: "passt", missing: expect.stringContaining("Install passt") }]);
  expect((await bare("network", "ls")).stdout).toMatch(/^passt +no /m);
});

test("networks are made, inspected and removed, and one with boxes stays", async () => {
  const made = await a3sBox("network", "create", "apps", "--subnet", "192.168.7.0/24", "--label", "team=a");
  expect(made).toMatchObject({ code: 0, stdout: "apps\n" });
  expect(jsonOf("network inspect", await a3sBox("network", "inspect", "apps"))).toMatchObject([
    { name: "apps", subnet: "192.168.7.0/24", gateway: "192.168.7.1", labels: { team: "a" }, members: [] },
  ]);
  for (const [args, code] of [
    [["create", "apps"], "NETWORK_EXISTS"],
    [["create", "none"], "NETWORK_INVALID"],
    [["create", "more", "--subnet", "192.168.7.128/25"], "NETWORK_OVERLAPS"],
    [["inspect", "missing"], "NETWORK_NOT_FOUND"],
    [["rm", "missing"], "NETWORK_NOT_FOUND"],
  ] as const) {
    const { stderr } = await a3sBox("network", ...args);
    expect(stderr).toMatch(new RegExp(`\\[${code}\\]\n.*hint: `, "s"));
  }
  expect((await a3sBox("network", "rm", "apps")).stdout).toBe("apps\n");
  await a3sBox("network", "create", "idle");
  expect((await a3sBox("network", "prune")).code).toBe(125);
  expect((await a3sBox("network", "prune", "--force")).stdout).toBe("idle\n");
});

test("a network on which a box is stays", async () => {
  const { networks } = createRuntime({ home: at.home });
  await networks.create("apps");
  // As a box that was created has its place.
  await writeFile(join(at.home, "networks/apps/members", `${newBoxId()}.2`), "");
  expect(await a3sBox("network", "rm", "apps")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\[NETWORK_IN_USE\]\n.*hint: /s),
  });
  expect((await a3sBox("network", "prune", "--force")).stdout).toBe("");
});
