/** The emulated KVM host takes 20 to 50 times longer for everything. */
const FACTOR = process.env["A3S_KVM_HOST"] === "1" ? 10 : 1;

/** What a VM and its monitor may take to be gone when the creator of an attached one, or the monitor, is killed: 1 s of a real machine. */
export const GONE_WITHIN_MS = 1000 * FACTOR;
