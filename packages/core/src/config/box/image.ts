import * as v from "valibot";
import { parsePlatform } from "../../values/platform.ts";
import { text } from "../text.ts";

/** When an image is asked for at its source if nothing else is said. */
export const DEFAULT_PULL_POLICY = "missing";

export const image = v.pipe(text, v.nonEmpty("must name an image"), v.maxLength(4096));

/** As `os/architecture[/variant]`. */
export const platform = v.pipe(
  v.string(),
  v.check((name) => parsePlatform(name)?.os === "linux", "must be linux/ARCHITECTURE[/VARIANT], such as linux/amd64"),
);

/**
 * `missing`: when the store does not have it. `always`: before every boot. `never`: no registry is asked, and a box whose image is not in
 * the store does not boot. Images in files (`oci:` and the archives) are read before every boot, whatever the policy.
 */
export const pullPolicy = v.picklist(["missing", "always", "never"], 'must be "missing", "always" or "never"');

/** See {@link BoxConfig}. */
export type PullPolicy = v.InferOutput<typeof pullPolicy>;
