import { expect, test } from "vitest";
import { findPanic } from "./panic.ts";

test("the message of the last panic, with the names of its error numbers", () => {
  const stderr = [
    "thread '<unnamed>' (265) panicked at src/a.rs:1:1:",
    "the first",
    "thread '<unnamed>' (266) panicked at src/vmm/src/linux/vstate.rs:447:30:",
    "Error creating the Kvm object: Error(13)",
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
    "fatal runtime error: failed to initiate panic, error 5, aborting",
  ];
  expect(findPanic(stderr.join("\n"))).toBe("Error creating the Kvm object: Error(13), which is EACCES");
});

test.each(["", "no panic here", "panicked at nothing", "thread 'x' panicked at a.rs:1:1:\n"])(
  "%j holds none",
  (stderr) => {
    expect(findPanic(stderr)).toBeUndefined();
  },
);
