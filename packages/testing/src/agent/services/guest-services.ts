import { Code, ConnectError, type ConnectRouter, type ServiceImpl } from "@connectrpc/connect";
import { AgentService } from "../../gen/a3s/agent/v1/agent_pb.ts";
import { FileService } from "../../gen/a3s/agent/v1/files_pb.ts";
import { ProcessService } from "../../gen/a3s/agent/v1/process_pb.ts";
import { SystemService } from "../../gen/a3s/agent/v1/system_pb.ts";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import type { ContentConnections } from "../content-connections.ts";
import type { Guest } from "../guest/guest.ts";
import { execService, processService } from "./exec-service.ts";
import { fileService } from "./file-service.ts";
import { systemService } from "./system-service.ts";

/** Methods that take the place of the double's own. */
export interface AgentMethods {
  readonly agent?: Partial<ServiceImpl<typeof AgentService>> | undefined;
  readonly health?: Partial<ServiceImpl<typeof Health>> | undefined;
  readonly processes?: Partial<ServiceImpl<typeof ProcessService>> | undefined;
  readonly system?: Partial<ServiceImpl<typeof SystemService>> | undefined;
  readonly files?: Partial<ServiceImpl<typeof FileService>> | undefined;
}

/** What the agent says about itself. */
export interface AgentIdentity {
  readonly agentVersion: string;
  /** Generation of the protocol. */
  readonly protocol: number;
  readonly kernelRelease: string;
  readonly machine: string;
  readonly hostname: string;
  /** Content may come, and go, over connections of its own. */
  readonly contentConnections: boolean;
}

const SERVICES = [AgentService, FileService, ProcessService, SystemService];

/** All services of an agent, of a guest in memory. */
export function guestServices(
  guest: Guest,
  contents: ContentConnections,
  identity: AgentIdentity,
  methods: AgentMethods,
) {
  const began = performance.now();
  return (router: ConnectRouter): void => {
    router.service(Health, { ...healthService(), ...methods.health });
    router.service(FileService, { ...fileService(guest, contents), ...methods.files });
    router.service(ProcessService, { ...processService(guest, contents), ...methods.processes });
    router.service(SystemService, { ...systemService(guest, began), ...methods.system });
    router.service(AgentService, {
      ...execService(guest, contents),
      info: () => ({
        ...identity,
        uptime: { seconds: BigInt(Math.floor((performance.now() - began) / 1000)), nanos: 0 },
      }),
      async shutdown({ grace }) {
        const graceMs = Number(grace?.seconds ?? 0n) * 1000 + (grace?.nanos ?? 0) / 1_000_000;
        for (const process of guest.processes.values()) void process.kill(graceMs);
        return {};
      },
      ...methods.agent,
    });
  };
}

function healthService(): ServiceImpl<typeof Health> {
  const names = new Set(["", ...SERVICES.map(({ typeName }) => typeName)]);
  return {
    check({ service }) {
      if (!names.has(service)) throw new ConnectError("no such service", Code.NotFound);
      return { status: Status.SERVING };
    },
    async *watch({ service }, { signal }) {
      yield { status: names.has(service) ? Status.SERVING : Status.SERVICE_UNKNOWN };
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
  };
}
