import { cp, mkdir, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { type AgentClient, connectAgent, listenDoorbell } from "../../../packages/agent-client/dist/index.js";
import { homeLayout } from "../../../packages/core/dist/index.js";
import { launchVm, locateGuestAgent, publishBootRoot } from "../../../packages/vm/dist/index.js";

/** What the benchmark's VM has in its root besides the program that is the yardstick. */
const APPLETS = ["cat", "echo", "sh", "true"];
const TAG = "lower";
const BOOT_TIMEOUT_MS = 180_000;

/** A VM with an agent in it, and one vsock port more than a box has, for the yardstick. */
export interface BenchGuest extends AsyncDisposable {
  readonly agent: AgentClient;
  /** From the start of the VM's process to an agent that serves. */
  readonly bootMs: number;
  /** Of these, from the agent's first instruction to its word that it is ready, by the guest's clock. */
  readonly agentMs: number;
  /** Of these, to its configuration, which the host answers with. */
  readonly doorbellMs: number;
  readonly agentBytes: number;
}

/**
 * Boots it. `peer` becomes `/bin/peer`; what that connects to at `port` is the Unix socket at `peerSocket`, which has to
 * be listening.
 */
export async function bootGuest(
  directory: string,
  peer: string,
  { port, socketPath: peerSocket }: { readonly port: number; readonly socketPath: string },
): Promise<BenchGuest> {
  const lower = await makeRoot(join(directory, "root"), peer);
  const bootRoot = await publishBootRoot(homeLayout(join(directory, "home")));
  const doorbellSocket = join(directory, "boot.sock");
  const agentSocket = join(directory, "run/agent.sock");
  await mkdir(join(directory, "run"));
  const signal = AbortSignal.timeout(BOOT_TIMEOUT_MS);
  await using doorbell = await listenDoorbell({
    socketPath: doorbellSocket,
    config: {
      boxId: "bench0000000",
      hostname: "bench",
      root: { lowerTag: TAG, readOnly: false, upperSizeBytes: 0 },
      mounts: [],
    },
    signal,
  });
  const start = performance.now();
  const vm = await launchVm(
    {
      vcpus: 1,
      memoryMib: 512,
      root: { path: bootRoot.path, readOnly: true },
      init: { path: bootRoot.agent, pid1: true },
      shares: [{ tag: TAG, path: lower, readOnly: true, daxWindowMib: 256 }],
      vsockPorts: [
        { port: 4087, socketPath: doorbellSocket, direction: "guest-connects" },
        { port: 4088, socketPath: agentSocket, direction: "host-connects" },
        { port, socketPath: peerSocket, direction: "guest-connects" },
      ],
      network: { kind: "none" },
    },
    { log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json"), signal },
  );
  const agent = connectAgent({ socketPath: agentSocket });
  const dispose = async () => {
    await agent[Symbol.asyncDispose]();
    await vm[Symbol.asyncDispose]();
  };
  try {
    void doorbell.rehearse();
    const { stages } = await doorbell.ready;
    await agent.health({ signal });
    return {
      agent,
      bootMs: performance.now() - start,
      agentMs: stages.reduce((sum, { durationMs }) => sum + durationMs, 0),
      doorbellMs: stages.find(({ name }) => name === "doorbell")?.durationMs ?? Number.NaN,
      agentBytes: (await stat(await locateGuestAgent())).size,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function makeRoot(root: string, peer: string): Promise<string> {
  for (const name of ["bin", "dev", "etc", "proc", "sys", "tmp"]) await mkdir(join(root, name), { recursive: true });
  await cp("/bin/busybox", join(root, "bin/busybox"));
  await cp(peer, join(root, "bin/peer"));
  for (const applet of APPLETS) await symlink("busybox", join(root, "bin", applet));
  return root;
}
