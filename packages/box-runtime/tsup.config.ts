import { packageBuild } from "../../tsup.base.ts";

// Split, so that what boots a box is loaded when one is booted: whoever lists images needs none of it.
export default packageBuild({ splitting: true });
