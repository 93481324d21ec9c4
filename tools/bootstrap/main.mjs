// Brings everything that this checkout needs and then runs a command with it, on whatever Node the machine has:
//   node tools/bootstrap/main.mjs [COMMAND ARGUMENTS...]
if (Number(process.versions.node.split(".")[0]) < 18) {
  console.error(`bootstrap: Node.js ${process.versions.node} is too old to begin with: install 18 or newer.`);
  process.exit(1);
}
const { bootstrap } = await import("./bootstrap.mjs");
process.exitCode = await bootstrap(process.argv.slice(2));
