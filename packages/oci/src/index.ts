export { MAX_UNPACKED_BYTES } from "./archive/archive-files.ts";
export type { Credentials, CredentialsPlace, CredentialsSource, Environment } from "./credentials/credentials.ts";
export type { CredentialsOption } from "./credentials/find-credentials.ts";
export { OciError, type OciErrorCode } from "./errors/oci-error.ts";
export { type Load, type LoadOptions, load } from "./load/load.ts";
export type { ContentDescriptor } from "./manifest/descriptor.ts";
export type { ImageConfig, ImageHealthcheck } from "./manifest/image-config.ts";
export type { ImageManifest } from "./manifest/manifest.ts";
export { formatPlatform } from "./manifest/match-platform.ts";
export { type Pull, type PullOptions, pull } from "./pull/pull.ts";
export type { PullEvent } from "./pull/pull-event.ts";
export { DEFAULT_CONCURRENCY } from "./pull/pull-layers.ts";
export { type Push, type PushOptions, push } from "./push/push.ts";
export type { PushEvent, PushedImage } from "./push/push-event.ts";
export { type Save, type SaveOptions, save } from "./push/save.ts";
export { formatReference, parseReference, type Reference, type ReferencePart } from "./reference/reference.ts";
export type { RegistryOptions } from "./registry/client.ts";
export type { MirrorOptions } from "./registry/mirrors.ts";
export type { ProxyOptions } from "./registry/proxy-settings.ts";
export { DEFAULT_RETRY_POLICY, type RetryPolicy } from "./registry/retry.ts";
export type { TlsOptions } from "./registry/tls-settings.ts";
export type { SignatureEvidence } from "./signature/evidence.ts";
export type { KeylessPolicy, KeyPolicy, SignaturePolicy, SkipPolicy } from "./signature/signature-policy.ts";
export {
  type FileSourceKind,
  formatImageSource,
  type ImageSource,
  parseImageSource,
} from "./source/image-source.ts";
export type { Evicted } from "./store/evict-images.ts";
export { DEFAULT_IMAGE_CACHE_BYTES } from "./store/eviction.ts";
export type { Garbage } from "./store/garbage.ts";
export type { ImageInspection, InspectedLayer, InspectedManifest } from "./store/image-inspection.ts";
export { ImageStore } from "./store/image-store.ts";
export type { Added } from "./store/ingest.ts";
export type { Lease } from "./store/leases.ts";
export type { EvictOptions, LeaseOptions, StoreCall, VerifyOptions } from "./store/store-call.ts";
export type { StoredImage, StoredLayer, StoredReference } from "./store/stored-image.ts";
export type { ImageUsage, StoreUsage } from "./store/usage.ts";
export type { QuarantinedFile, VerifyProgress, VerifyReport } from "./store/verify-store.ts";
export type { BlobCall, ImageTransport, TransportCall } from "./transport/transport.ts";
