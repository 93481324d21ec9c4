import type { AgentClient } from "../../../packages/agent-client/dist/index.js";

/** Milliseconds of a command that does nothing. */
export async function noop(agent: AgentClient): Promise<number> {
  const start = performance.now();
  await agent.exec(["/bin/true"]).orThrow();
  return performance.now() - start;
}

/** Milliseconds until a command's first byte is here. */
export async function firstByte(agent: AgentClient): Promise<number> {
  const start = performance.now();
  let first = Number.NaN;
  for await (const event of agent.exec(["/bin/echo", "word"])) {
    if (event.type === "stdout") first = performance.now() - start;
  }
  return first;
}

/** Milliseconds that a shell in the guest takes to start the same command and to see it end: what the guest's kernel alone asks for. */
export async function noopOfShell(agent: AgentClient, count: number): Promise<number> {
  const script = `i=0; while [ $i -lt ${count} ]; do /bin/true; i=$((i + 1)); done`;
  const start = performance.now();
  await agent.exec(["/bin/sh", "-c", script]).orThrow();
  return (performance.now() - start) / count;
}
