/** Descriptors of the VM process, as the native vm-host numbers them. */
export const CONSOLE_IN = 3;
export const CONSOLE_OUT = 4;
/** Where it says that only `krun_start_enter` is left, or why it did not come to that. */
export const REPORT = 5;
export const STDOUT = 6;
export const STDERR = 7;
/** After 8, the FIFO that tells of the end, which is held open and never written to: where it reads what to become, up to the end. */
export const ORDER = 9;

/** What the VM process says when only `krun_start_enter` is left; the measures in force follow. */
export const STARTING = "starting ";
