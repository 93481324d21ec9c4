import { afterAll, beforeAll, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

const isRoot = process.getuid?.() === 0;

test.runIf(isRoot)("a command has the capabilities that it asked for, of the default else", async () => {
  const capabilities = async (options: Parameters<typeof agent.client.exec>[1]) =>
    (await agent.client.exec("grep -h -E '^CapEff|^NoNewPrivs' /proc/self/status", options).orThrow()).text();
  expect(await capabilities({})).toBe("CapEff:\t00000000a80425fb\nNoNewPrivs:\t1\n");
  expect(await capabilities({ capabilities: { drop: ["ALL"] } })).toContain("CapEff:\t0000000000000000\n");
  const named = { user: "65534", capabilities: { add: ["CAP_NET_BIND_SERVICE"] }, newPrivileges: true };
  expect(await capabilities(named)).toBe("CapEff:\t0000000000000400\nNoNewPrivs:\t0\n");
});

test("a command is kept from system calls that containers do not make, unless that was asked for", async () => {
  const filters = async (options: Parameters<typeof agent.client.exec>[1]) =>
    Number(
      (await agent.client.exec("grep -h Seccomp_filters /proc/self/status", options).orThrow()).text().split(":")[1],
    );
  expect((await filters({})) - (await filters({ seccomp: "unconfined" }))).toBe(1);
});

test("limits of resources are the command's own", async () => {
  const result = await agent.client.exec("ulimit -Sn; ulimit -Hn; ulimit -Sc", {
    rlimits: { nofile: { soft: 50, hard: 60 }, core: 0 },
  });
  expect(result.text()).toBe("50\n60\n0\n");
});

test("what there is not is EXEC_INVALID", async () => {
  const unknown = agent.client.exec(["true"], { capabilities: { add: ["SYS_NOTHING"] } });
  await expect(unknown).rejects.toMatchObject({
    code: "EXEC_INVALID",
    message: expect.stringContaining("SYS_NOTHING"),
  });
  const upsideDown = agent.client.exec(["true"], { rlimits: { nofile: { soft: 2, hard: 1 } } });
  await expect(upsideDown).rejects.toMatchObject({ code: "EXEC_INVALID" });
});
