import { packageBuild } from "../../tsup.base.ts";

// Split, so that what a command imports is loaded when it runs: `--help` needs none of it.
export default packageBuild({ entry: ["src/main.ts"], dts: false, splitting: true });
