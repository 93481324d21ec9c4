export { RuntimeError, type RuntimeErrorCode } from "./errors/runtime-error.ts";
export type { BoxState } from "./state/box-state.ts";
