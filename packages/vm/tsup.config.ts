import { packageBuild } from "../../tsup.base.ts";

export default packageBuild({
  entry: { index: "src/index.ts", "vm-host": "src/node-host/main.ts" },
  dts: { entry: "src/index.ts" },
});
