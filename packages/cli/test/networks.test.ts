import { tmpdir } from "node:os";
import { parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { commandWith } from "./command.ts";
import { jsonOf } from "./json-output.ts";

const a3sBox = commandWith(tmpdir());
/** Where no other programs are. */
const bare = commandWith(tmpdir(), { PATH: "/nonexistent" });

test("networks are those that a box can have", async () => {
  const listed = jsonOf("network ls", await a3sBox("network", "ls", "--json"));
  for (const { name, ports } of listed) {
    expect(parseBoxConfig({ image: "a", network: name }).network).toBe(name);
    const publish = () => parseBoxConfig({ image: "a", network: name, ports: ["0.0.0.0:8080:80"] });
    if (ports) expect(publish().ports).toHaveLength(1);
    else expect(publish).toThrow("network");
  }
  const refused = await a3sBox("run", "--network", "bridge", "a");
  expect(refused).toMatchObject({
    code: 125,
    stderr: expect.stringContaining(listed.map(({ name }) => name).join(", ")),
  });
  const missing = jsonOf("network ls", await bare("network", "ls", "--json")).filter((network) => network.missing);
  expect(missing).toMatchObject([{ name: "passt", missing: expect.stringContaining("Install passt") }]);
  expect((await bare("network", "ls")).stdout).toMatch(/^passt +no /m);
  expect((await a3sBox("network", "ls", "-q")).stdout).toBe("none\npasst\ntsi\n");
  expect((await a3sBox("network", "ls")).stdout).toMatch(/^NETWORK +HERE +OUTGOING +PORTS +WHAT IT IS\nnone +yes /);
});
