export { type AgentDouble, type AgentDoubleOptions, startAgentDouble } from "./agent/agent-double.ts";
export type { AgentFault, AgentFaultRule } from "./agent/agent-fault.ts";
export { type AgentServer, serveHttp2, serveSocket } from "./agent/agent-server.ts";
export type { ContentConnections } from "./agent/content-connections.ts";
export type { ContentOffer } from "./agent/content-offer.ts";
export type { FileTree } from "./agent/files/file-tree.ts";
export type { GuestOptions } from "./agent/guest/guest.ts";
export type { Program, ProgramRun } from "./agent/guest/program.ts";
export type { OutgoingContent } from "./agent/outgoing-content.ts";
export type { AgentIdentity, AgentMethods } from "./agent/services/guest-services.ts";
export { type Census, takeCensus } from "./census/census.ts";
export { digestOf, jsonBlob, type TestBlobs, type TestContent, type TestDescriptor } from "./image/blob.ts";
export {
  type TestImage,
  type TestImageOptions,
  type TestIndexOptions,
  testImage,
  testIndex,
} from "./image/image.ts";
export {
  type LayerCompression,
  type TestLayer,
  type TestLayerOptions,
  testLayer,
  writeTestLayer,
} from "./image/layer.ts";
export { writeTestLayout } from "./image/layout.ts";
export { type TarArchiveOptions, tarArchive } from "./image/tar-archive.ts";
export type { TarEntry, TarEntryBase, TarHeaderField } from "./image/tar-entry.ts";
export { waitForExit } from "./process/wait-for-exit.ts";
export { Random } from "./random/random.ts";
export {
  type CertificateOptions,
  type KeyPair,
  makeCertificates,
  type TestCertificates,
} from "./registry/certificates.ts";
export { type DockerRegistry, type DockerRegistryOptions, startDockerRegistry } from "./registry/docker-registry.ts";
export type { Fault, FaultRule, RequestKind } from "./registry/fault.ts";
export type { TestRegistryAuth } from "./registry/gate.ts";
export { type ProxiedRequest, startTestProxy, type TestProxy, type TestProxyOptions } from "./registry/proxy.ts";
export {
  type RecordedRequest,
  startTestRegistry,
  type TestRegistry,
  type TestRegistryOptions,
} from "./registry/test-registry.ts";
