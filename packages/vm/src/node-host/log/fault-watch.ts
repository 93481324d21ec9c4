import type { Part } from "./lines.ts";

/** More of a line than this says nothing of a fault. */
const MAX_LINE_BYTES = 256;

/** Why a VM ended that nobody meant to end. */
export interface Fault {
  /** Of the guest's kernel, or of a virtual CPU that libkrun cannot run any further. */
  readonly kind: "panic" | "vcpu";
  readonly said: string;
}

/**
 * Looks among the lines of a guest's console for the one with which its kernel, or libkrun, says that it gives up: native/vm-host/src/log/fault.rs.
 * The guest's root can write such a line, too.
 */
export class FaultWatch {
  #line = Buffer.alloc(0);
  #found: Fault | undefined;

  /** Takes a line, or a part of one. */
  take({ bytes, partial }: Part): void {
    this.#line = Buffer.concat([this.#line, bytes.subarray(0, MAX_LINE_BYTES - this.#line.length)]);
    if (!partial) this.#end();
  }

  /** What was said last, a line without an end included. */
  finish(): Fault | undefined {
    this.#end();
    return this.#found;
  }

  #end(): void {
    this.#found = faultOf(this.#line.toString()) ?? this.#found;
    this.#line = Buffer.alloc(0);
  }
}

/**
 * Behind what stands in brackets: libkrun's time and target, of its own words and of what it has from the kernel's console, and the kernel's
 * own time, such as `[2026-01-01T00:00:00Z ERROR init_or_kernel] [    0.914125] `.
 */
function faultOf(line: string): Fault | undefined {
  const panic = /^(?:\[[^\]]*\] )*Kernel panic - not syncing: (.+)$/s.exec(line)?.[1];
  const vcpu = /^\[[^ \]]* ERROR vmm::linux::vstate\] (.+)$/s.exec(line)?.[1];
  const said = (panic ?? vcpu ?? "").replace(/\p{Cc}/gu, "");
  return said === "" ? undefined : { kind: panic === undefined ? "vcpu" : "panic", said };
}
