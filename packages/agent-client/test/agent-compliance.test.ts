import { chmod } from "node:fs/promises";
import { startAgentDouble } from "@a3s/testing";
import { connectAgent } from "../src/index.ts";
import { agentCompliance } from "./compliance/agent-compliance.ts";
import { startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

agentCompliance({
  name: "the double",
  ownsMachine: true,
  enforcesPermissions: false,
  hasWholeShell: false,
  attaches: false,
  keepsXattrs: false,
  slowness: 1,
  async start() {
    const double = await startAgentDouble();
    const connect = () => connectAgent({ socketPath: double.socketPath });
    const client = connect();
    return {
      client,
      connect,
      scratchParent: "/tmp",
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await double[Symbol.asyncDispose]();
      },
    };
  },
});

agentCompliance({
  name: "a3s-agent as a process of this machine",
  // It is not PID 1 here: the clock is this machine's.
  ownsMachine: false,
  enforcesPermissions: true,
  hasWholeShell: true,
  attaches: true,
  keepsXattrs: true,
  slowness: 1,
  async start() {
    const agent = await startRealAgent();
    const scratch = await scratchDirectory();
    // Other users have to get through.
    await chmod(scratch.path, 0o755);
    return {
      client: agent.client,
      connect: () => connectAgent({ socketPath: agent.socketPath }),
      scratchParent: scratch.path,
      async [Symbol.asyncDispose]() {
        await agent[Symbol.asyncDispose]();
        await scratch[Symbol.asyncDispose]();
      },
    };
  },
});
