import { connectAgent } from "@a3s/agent-client";

await using agent = connectAgent({ socketPath: process.env["A3S_EXAMPLE_AGENT"] ?? "/tmp/agent.sock" });
const { files } = agent;
const directory = process.env["A3S_EXAMPLE_DIRECTORY"] ?? "/tmp/copy-example";

await files.mkdir(`${directory}/site/bin`, { recursive: true });
await files.writeFile(`${directory}/site/bin/greet`, "#!/bin/sh\necho copied\n", { mode: 0o755 });
await files.symlink("bin/greet", `${directory}/site/run`);

// A tree leaves a guest as a tar stream, under the name that you give it, and goes into a directory of the same or another one.
await files.mkdir(`${directory}/there`);
const tree = files.downloadTar(`${directory}/site`, { name: "copy" });
console.log(await files.uploadTar(`${directory}/there`, tree)); // 4 entries

// Modes, links and times came along.
console.log((await agent.exec([`${directory}/there/copy/run`])).text().trim()); // copied
await files.rm(directory, { recursive: true });
