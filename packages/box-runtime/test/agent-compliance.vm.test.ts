import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAgent } from "../../agent-client/src/index.ts";
import { agentCompliance } from "../../agent-client/test/compliance/agent-compliance.ts";
import { exampleBox } from "./example-box.ts";

/** The socket of the box is taken as any client could, so that nothing but the agent is between suite and guest. */
agentCompliance({
  name: "a3s-agent in a VM",
  ownsMachine: true,
  enforcesPermissions: true,
  hasWholeShell: true,
  attaches: true,
  keepsXattrs: true,
  // Not as slow as an emulated host is: some tests wait as long.
  slowness: 5,
  async start() {
    const home = await mkdtemp(join(tmpdir(), "a3s-home-"));
    const vm = exampleBox(home);
    await vm.boot();
    // 150 commands at once leave an emulated CPU no time for a ping within the default.
    const keepAlive = { timeoutMs: 200_000 };
    const connect = () => connectAgent({ socketPath: join(home, "run", vm.id, "agent.sock"), keepAlive });
    const client = connect();
    return {
      client,
      connect,
      scratchParent: "/tmp",
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await vm.destroy();
        await rm(home, { recursive: true, force: true });
      },
    };
  },
});
