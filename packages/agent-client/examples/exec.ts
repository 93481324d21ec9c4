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

// Or take its streams. A string is a line for the guest's shell.
const shout = agent.exec("tr a-z A-Z", { stdin: true });
const writer = shout.stdin?.getWriter();
void writer?.write("streams\n").then(() => writer.close());
for await (const bytes of shout.stdout) process.stdout.write(bytes); // STREAMS

// On a terminal of its own, as a person would sit at it.
const shell = agent.exec("stty size; exec cat", { tty: { columns: 100, rows: 30 } });
await shell.stdin?.getWriter().write("\x03"); // Ctrl-C
console.log((await shell).signal); // SIGINT

// What runs can be seen and ended by anyone who can reach the agent; a detached command outlives its caller.
const { id } = await agent.exec(["sleep", "1000"], { detached: true }).started;
for (const { argv } of await agent.processes.list()) console.log(argv.join(" ")); // sleep 1000
console.log((await agent.processes.kill(id)).signal); // SIGKILL

// orThrow() makes an error of a failure.
const error = await agent
  .exec(["sh", "-c", "echo no >&2; exit 3"])
  .orThrow()
  .then(String, (error) => error);
console.log(error.code, error.message, error.details); // EXEC_FAILED …
