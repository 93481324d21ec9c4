import * as v from "valibot";
import { fields } from "../fields.ts";
import { address, hostName } from "../host-name.ts";

/** A line of the guest's /etc/hosts: `NAME:ADDRESS` as docker writes it, or by its fields. */
export const extraHost = v.lazy((input) => (typeof input === "string" ? extraHostText : extraHostFields));

const extraHostFields = fields({ name: hostName, address });

const extraHostText = v.pipe(
  v.string(),
  v.regex(/^[^:=]+[:=]./, "must be NAME:ADDRESS"),
  v.transform((written) => {
    const [, name = "", host = ""] = /^([^:=]+)[:=](.*)$/s.exec(written) ?? [];
    return { name, address: host.replace(/^\[(.*)\]$/, "$1") };
  }),
  extraHostFields,
);
