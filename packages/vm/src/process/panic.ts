import { getSystemErrorName } from "node:util";

/**
 * The last panic that libkrun wrote to stderr, which is how it fails after it has taken over: no KVM, no memory. Undefined when there is
 * none. Its error numbers get their names.
 *
 * ```ts
 * findPanic("thread 'main' panicked at src/x.rs:1:2:\nno KVM: Error(13)\n"); // "no KVM: Error(13), which is EACCES"
 * ```
 */
export function findPanic(stderr: string): string | undefined {
  const message = [...stderr.matchAll(/ panicked at [^\n]*:\n([^\n]+)/g)].at(-1)?.[1];
  return message?.replace(/\bError\((\d{1,3})\)/g, (all, number) => `${all}, which is ${nameOf(Number(number))}`);
}

function nameOf(errno: number): string {
  return errno === 0 ? "no error" : getSystemErrorName(-errno);
}
