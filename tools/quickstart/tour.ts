import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import { VmManager } from "../../packages/box-runtime/dist/index.js";
import { homeLayout } from "../../packages/core/dist/index.js";
import { ImageStore, pull } from "../../packages/oci/dist/index.js";
import { startDockerRegistry, takeCensus } from "../../packages/testing/dist/index.js";

/**
 * `tour IMAGE`: the whole way of an image, with real parts: into a registry, out of it, into its own kernel, and gone.
 * IMAGE is an OCI layout as skopeo names it, `oci:DIRECTORY:TAG`.
 */
const [source] = process.argv.slice(2);
if (source === undefined) throw new Error("usage: tour oci:DIRECTORY:TAG");

const say = (text: string) => process.stdout.write(`\n==> ${text}\n`);
const scratch = await mkdtemp(join(tmpdir(), "a3s-"));
try {
  const before = await takeCensus(scratch);

  say("starting a registry and pushing the image into it");
  await using registry = await startDockerRegistry();
  const image = `${registry.host}/quickstart/busybox:1`;
  await promisify(execFile)("skopeo", ["copy", "--dest-tls-verify=false", source, `docker://${image}`]);

  say(`pulling ${image}`);
  {
    const store = await ImageStore.open(homeLayout(scratch).images);
    for await (const event of pull(image, { store })) {
      if (event.type === "manifest") process.stdout.write(`    ${event.layers} layers, ${event.totalBytes} bytes\n`);
      if (event.type === "layer-done") process.stdout.write(`    ${event.digest}\n`);
    }
  }

  say("booting it in its own kernel");
  await using vm = new VmManager({ image, bootTimeoutMs: 120_000 }, undefined, { home: scratch });
  await vm.boot();
  process.stdout.write(`${vm.timings}\n`);

  say(`health check over gRPC: ${(await vm.healthCheck()) ? "SERVING" : "NOT SERVING"}`);

  say("exec uname -a");
  const uname = await vm.exec(["uname", "-a"]);
  process.stdout.write(uname.stdout);
  if (uname.exitCode !== 0) throw new Error(`uname ended with ${uname.exitCode}`);

  say("destroying it");
  await vm.destroy();
  const after = await takeCensus(scratch);
  if (!isDeepStrictEqual(after, before)) throw new Error(`left behind: ${JSON.stringify({ before, after })}`);
  say("nothing is left: no process, socket, mount or directory of the box");
} finally {
  await rm(scratch, { recursive: true, force: true });
}
