// Boots a box, names its VM host, and then only waits to be killed.
import { VmManager } from "@a3s/box-runtime";

const [image, home] = process.argv.slice(2);
const vm = new VmManager({ image, bootTimeoutMs: 120_000 }, undefined, { home });
await vm.boot();
console.log(vm.pid);
await vm.exited;
