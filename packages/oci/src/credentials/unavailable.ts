import { OciError } from "../errors/oci-error.ts";

/** No cause is kept, and no text of the source is repeated: either may hold a secret. */
export function credentialsUnavailable(
  message: string,
  hint: string,
  details: Readonly<Record<string, unknown>>,
): OciError {
  return new OciError({ code: "CREDENTIALS_UNAVAILABLE", message, hint, details });
}
