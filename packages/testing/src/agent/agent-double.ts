import { createServer as createHttp2Server } from "node:http2";
import { createServer } from "node:net";
import { type AgentFaultRule, AgentFaults } from "./agent-fault.ts";
import { agentHandler } from "./agent-handler.ts";
import { type AgentServer, listen } from "./agent-server.ts";
import { ContentConnections } from "./content-connections.ts";
import type { FileTree } from "./files/file-tree.ts";
import { Guest, type GuestOptions } from "./guest/guest.ts";
import { type AgentIdentity, type AgentMethods, guestServices } from "./services/guest-services.ts";

/** What an agent's double is. */
export interface AgentDoubleOptions extends GuestOptions {
  /** What it says about itself; "0.0.0-double" of protocol generation 2 by default. */
  readonly identity?: Partial<AgentIdentity> | undefined;
  /** What goes wrong; of the rules that fit a call, the first counts. */
  readonly faults?: readonly AgentFaultRule[] | undefined;
  /** Methods in place of its own, for answers that no fault gives. */
  readonly methods?: AgentMethods | undefined;
}

/** A guest agent without a guest, on a Unix socket. */
export interface AgentDouble extends AgentServer {
  /** Its guest's files. */
  readonly files: FileTree;
  /** For methods of one's own that give content over connections. */
  readonly contents: ContentConnections;
  /** From the next call on. */
  addFault(rule: AgentFaultRule): void;
}

const IDENTITY: AgentIdentity = {
  agentVersion: "0.0.0-double",
  protocol: 2,
  kernelRelease: "6.12.0-double",
  machine: process.arch === "arm64" ? "aarch64" : "x86_64",
  hostname: "double",
  contentConnections: true,
};

/**
 * Starts a double of the guest agent: every service that the agent has, over gRPC, for a guest that is only in this
 * process's memory. It passes the suite that the agent passes, where it can; README.md says what it is not.
 */
export async function startAgentDouble(options: AgentDoubleOptions = {}): Promise<AgentDouble> {
  const guest = new Guest(options);
  const faults = new AgentFaults(options.faults ?? []);
  const identity = { ...IDENTITY, ...options.identity };
  const contents = new ContentConnections(identity.contentConnections);
  const services = guestServices(guest, contents, identity, options.methods ?? {});
  const http2 = createHttp2Server(agentHandler(services, faults));
  const server = await listen(
    createServer((socket) => contents.accept(socket, http2)),
    http2,
  );
  return {
    ...server,
    files: guest.files,
    contents,
    addFault: (rule) => faults.add(rule),
    async [Symbol.asyncDispose]() {
      guest[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
