import { connectAgent } from "@a3s/agent-client";

await using agent = connectAgent({ socketPath: process.env["A3S_EXAMPLE_AGENT"] ?? "/tmp/agent.sock" });
const { files } = agent;
const directory = process.env["A3S_EXAMPLE_DIRECTORY"] ?? "/tmp/files-example";

await files.mkdir(`${directory}/logs`, { recursive: true });
await files.writeFile(`${directory}/logs/app.log`, "started\n", { mode: 0o600 });
await files.appendFile(`${directory}/logs/app.log`, "ready\n");
console.log(await files.readdir(directory, { recursive: true })); // [ "logs", "logs/app.log" ]

// Streams hold the guest back while nobody reads.
for await (const chunk of files.createReadStream(`${directory}/logs/app.log`)) process.stdout.write(chunk);

const { size, mode, mtime } = await files.stat(`${directory}/logs/app.log`);
console.log(size, mode.toString(8), mtime.getFullYear() > 2000);

// What the guest's kernel answers becomes a code.
const error = await files.readFile(`${directory}/none`).catch((error) => error);
console.log(error.code, error.details.errno); // FILE_NOT_FOUND ENOENT
await files.rm(directory, { recursive: true });
