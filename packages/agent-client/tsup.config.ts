import { packageBuild } from "../../tsup.base.ts";

/** Of the two libraries a small part is used: bundled, it is read from one file and not from some hundred. */
export default packageBuild({ noExternal: [/^@bufbuild\//, /^@connectrpc\//] });
