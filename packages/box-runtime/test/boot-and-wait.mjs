// Boots a box, says so, and then only waits to be killed.
import { VmManager } from "@a3s/box-runtime";

const [image, home] = process.argv.slice(2);
const vm = new VmManager({ image }, undefined, { home });
await vm.boot();
console.log("ready");
await vm.exited;
