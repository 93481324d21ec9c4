import { packageBuild } from "../../tsup.base.ts";

/** The two programs of the executor in Node.js hold all they need but koffi: whatever they imported would be loaded for each VM. */
const PROGRAMS = { "vm-host": "src/node-host/main.ts", "vm-process": "src/node-host/child/main.ts" };

export default [
  packageBuild({ clean: Object.keys(PROGRAMS).map((name) => `!${name}.*`) }),
  packageBuild({ entry: PROGRAMS, dts: false, clean: false, noExternal: [/^(?!koffi$)/] }),
].flat();
