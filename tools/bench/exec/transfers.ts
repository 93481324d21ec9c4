import type { AgentClient } from "../../../packages/agent-client/dist/index.js";

const MIB = 1024 * 1024;
const FILE = "/tmp/file";

/** Milliseconds of each way to move a file's bytes; each of these checks that all of them arrived. */
export interface Transfers {
  readonly upload: number;
  readonly stdin: number;
  readonly stdout: number;
  readonly download: number;
}

/** Moves a file of so many bytes into the guest and out again, by files and by commands. */
export async function transfer(agent: AgentClient, bytes: number): Promise<Transfers> {
  const timed = async (work: () => Promise<number>): Promise<number> => {
    const start = performance.now();
    const moved = await work();
    const ms = performance.now() - start;
    if (moved !== bytes) throw new Error(`${moved} bytes of ${bytes} arrived`);
    return ms;
  };
  return {
    upload: await timed(async () => {
      await agent.files.writeFile(FILE, pieces(bytes));
      return (await agent.files.stat(FILE)).size;
    }),
    stdin: await timed(async () => {
      await agent.exec("cat > /dev/null", { stdin: pieces(bytes), env: { PATH: "/bin" } }).orThrow();
      return bytes;
    }),
    stdout: await timed(async () => {
      let received = 0;
      for await (const event of agent.exec(["/bin/cat", FILE])) {
        if (event.type === "stdout") received += event.data.length;
      }
      return received;
    }),
    download: await timed(async () => {
      let received = 0;
      for await (const piece of agent.files.createReadStream(FILE)) received += piece.length;
      return received;
    }),
  };
}

async function* pieces(bytes: number): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(MIB).fill(7);
  for (let left = bytes; left > 0; left -= piece.length) yield piece.subarray(0, left);
}
