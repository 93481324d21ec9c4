import { expect, test } from "vitest";
import { layerUrls } from "./layer-urls.ts";

const layer = { digest: `sha256:${"0".repeat(64)}`, size: 1 } as const;
const foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

test.each([
  [foreign, ["https://example.com/layer"], ["https://example.com/layer"]],
  [
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
    ["https://a/1", "https://b/2"],
    ["https://a/1", "https://b/2"],
  ],
  ["application/vnd.oci.image.layer.v1.tar+gzip", ["https://example.com/layer"], []],
  [foreign, ["http://example.com/layer", "file:///etc/passwd", "layer", "https://user:password@example.com/"], []],
  [foreign, undefined, []],
])("a layer of the type %s with %j may be had from %j", (mediaType, urls, expected) => {
  const found = layerUrls({ ...layer, mediaType, ...(urls === undefined ? {} : { urls }) });
  expect(found.map(({ href }) => href)).toEqual(expected);
});
