import { OciError } from "../errors/oci-error.ts";

/** For a registry setting that cannot be followed. What it is set to may be a secret, so that only its name is told. */
export function optionsInvalid(option: string, fault: string, hint: string): OciError {
  return new OciError({
    code: "REGISTRY_OPTIONS_INVALID",
    message: `The registry option ${option} ${fault}`,
    hint,
    details: { option },
  });
}
