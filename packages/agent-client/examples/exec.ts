import { connectAgent } from "@a3s/agent-client";

await using agent = connectAgent({ socketPath: process.env["A3S_EXAMPLE_AGENT"] ?? "/tmp/agent.sock" });
console.log(await agent.health()); // "serving"

// Await a command for its result. A non-zero exit code is data.
const { exitCode, stdout } = await agent.exec(["uname", "-s"]);
console.log(exitCode, Buffer.from(stdout).toString().trim());

// Or iterate it for its events: while you do not take one, the command is held back.
const controller = new AbortController();
for await (const event of agent.exec(["sort", "-r"], { stdin: "a\nb\n", signal: controller.signal })) {
  if (event.type === "stdout") process.stdout.write(event.data);
  if (event.type === "exit") console.log(`ended with ${event.exitCode} after ${event.durationMs.toFixed(0)} ms`);
}

// orThrow() makes an error of a failure.
const error = await agent
  .exec(["sh", "-c", "echo no >&2; exit 3"])
  .orThrow()
  .then(String, (error) => error);
console.log(error.code, error.message, error.details); // EXEC_FAILED …
