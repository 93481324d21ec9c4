import type { AgentClient } from "../../../packages/agent-client/dist/index.js";

const MIB = 1024 * 1024;
const FILE = "/tmp/file";

/**
 * Ways to move a file's bytes: each answers how many have arrived, of stdin by the end of a command that reads all of it. The first makes the
 * file that the last two need.
 */
const ways = {
  async upload(agent: AgentClient, bytes: number) {
    await agent.files.writeFile(FILE, pieces(bytes));
    return (await agent.files.stat(FILE)).size;
  },
  async stdin(agent: AgentClient, bytes: number) {
    await agent.exec("cat > /dev/null", { stdin: pieces(bytes), env: { PATH: "/bin" } }).orThrow();
    return bytes;
  },
  async stdout(agent: AgentClient) {
    let received = 0;
    for await (const event of agent.exec(["/bin/cat", FILE])) {
      if (event.type === "stdout") received += event.data.length;
    }
    return received;
  },
  async download(agent: AgentClient) {
    let received = 0;
    for await (const piece of agent.files.createReadStream(FILE)) received += piece.length;
    return received;
  },
} as const;

export type TransferName = keyof typeof ways;
export const transferNames = Object.keys(ways) as readonly TransferName[];

/** Whether the bytes go into the guest or out of it. */
export const directionOf = (name: TransferName) => (name === "upload" || name === "stdin" ? "in" : "out");

/** Milliseconds in which so many bytes are moved; throws where fewer arrived. */
export async function transfer(name: TransferName, agent: AgentClient, bytes: number): Promise<number> {
  // A file that is replaced stays until the new one is there, and the guest's memory does not hold two of 256 MiB.
  if (name === "upload") await agent.files.rm(FILE, { force: true });
  const start = performance.now();
  const moved = await ways[name](agent, bytes);
  const ms = performance.now() - start;
  if (moved !== bytes) throw new Error(`${moved} bytes of ${bytes} arrived`);
  return ms;
}

async function* pieces(bytes: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(MIB).fill(7);
  for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, left);
}
