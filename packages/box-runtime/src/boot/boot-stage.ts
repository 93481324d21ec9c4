/**
 * Stages of a boot, in order.
 *
 * - `image`: find the image in the store, pull it when it is missing and apply its layers as they come in
 * - `rootfs`: apply what is left of its layers when that has not been done before
 * - `prepare`: directories, the boot root, the doorbell
 * - `spawn`: from starting the VM host to the VM process entering libkrun
 * - `kernel`: from there until the guest agent calls for its configuration
 * - `guest`: until the agent says ready
 * - `health`: until its health check answers SERVING
 */
export type BootStage = "image" | "rootfs" | "prepare" | "spawn" | "kernel" | "guest" | "health";
