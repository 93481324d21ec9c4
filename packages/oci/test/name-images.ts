import { parseImageSource } from "../src/source/image-source.ts";
import { ImageStore } from "../src/store/image-store.ts";

/** A process of the tests: gives one image many names. Arguments: store, prefix, count. */
const [directory = "", prefix = "", count = "0"] = process.argv.slice(2);
const store = await ImageStore.open(directory);
const mediaType = "application/vnd.oci.image.manifest.v1+json";
for (let number = 0; number < Number(count); number++) {
  const source = parseImageSource(`names/${prefix}:${number}`);
  await store.name(source, { mediaType, digest: `sha256:${"0".repeat(64)}`, size: 1 });
}
