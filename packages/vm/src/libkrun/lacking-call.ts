import { KRUN_API, type KrunFunction, krunFeature } from "./api.ts";

/** What to say of a library without a function: it is older, or was built without what the function is for. Pure. */
export function lackingCall(name: KrunFunction): {
  readonly code: "LIBKRUN_TOO_OLD" | "LIBKRUN_FEATURE_MISSING";
  readonly needs: string;
  readonly hint: string;
} {
  const { since } = KRUN_API[name];
  const feature = krunFeature(name)?.toUpperCase();
  return feature === undefined
    ? { code: "LIBKRUN_TOO_OLD", needs: `libkrun ${since}`, hint: `Install libkrun ${since} or newer.` }
    : {
        code: "LIBKRUN_FEATURE_MISSING",
        needs: `libkrun ${since}, built with ${feature}`,
        hint: `Install libkrun ${since} or newer that was built with ${feature}; checkHost() lists what yours was built with.`,
      };
}
