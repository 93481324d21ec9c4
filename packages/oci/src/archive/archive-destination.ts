import { once } from "../content/once.ts";
import { verifyContent } from "../content/verify-content.ts";
import { blobPath } from "../layout/blob-path.ts";
import { writingTo } from "../layout/destination-fault.ts";
import { IndexEntries } from "../layout/index-entries.ts";
import { EMPTY_INDEX_JSON, OCI_LAYOUT_CONTENT } from "../layout/index-json.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { TypedManifest } from "../manifest/select-image.ts";
import type { ImageDestination, OpenContent, PutManifestCall } from "../transport/destination.ts";
import type { TransportCall } from "../transport/transport.ts";
import { TarWriter } from "./tar-writer.ts";

/** An OCI image layout in a new tar archive. What has the path before is replaced when all of it is written. */
export class ArchiveDestination implements ImageDestination {
  readonly description: string;
  readonly #path: string;
  readonly #writer: TarWriter;
  readonly #entries = new IndexEntries();

  constructor(path: string) {
    this.#path = path;
    this.#writer = new TarWriter(path);
    this.description = `oci-archive:${path}`;
  }

  async putBlob(descriptor: ContentDescriptor, open: OpenContent, { signal }: TransportCall): Promise<boolean> {
    const content = () => verifyContent(open(0), descriptor);
    return this.#append(blobPath("", descriptor.digest), content, signal);
  }

  async putManifest(manifest: TypedManifest, { name, signal }: PutManifestCall): Promise<void> {
    const { bytes, digest } = manifest;
    const content = () => verifyContent(once(bytes), { digest, size: bytes.length });
    await this.#append(blobPath("", digest), content, signal);
    this.#entries.add(manifest, name);
  }

  async commit({ signal }: TransportCall): Promise<void> {
    const index = JSON.stringify(this.#entries.mergeInto(EMPTY_INDEX_JSON));
    await this.#append("oci-layout", () => once(Buffer.from(OCI_LAYOUT_CONTENT, "utf8")), signal);
    await this.#append("index.json", () => once(Buffer.from(index, "utf8")), signal);
    await writingTo(this.#path, () => this.#writer.commit(signal));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer[Symbol.asyncDispose]();
  }

  #append(name: string, content: () => AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<boolean> {
    return writingTo(this.#path, () => this.#writer.append({ name, content }, signal));
  }
}
