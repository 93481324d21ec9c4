import { Code, ConnectError } from "@connectrpc/connect";
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health_pb.ts";

/** Health of an agent, in the words of grpc.health.v1. A status that is not known here is "unknown". */
export type AgentHealth = "serving" | "not-serving" | "service-unknown" | "unknown";

const NAMES: Readonly<Record<Status, AgentHealth>> = {
  [Status.UNKNOWN]: "unknown",
  [Status.SERVING]: "serving",
  [Status.NOT_SERVING]: "not-serving",
  [Status.SERVICE_UNKNOWN]: "service-unknown",
};

/** Reads the answer to Check, which says that it does not know a service by the status NOT_FOUND. */
export async function readHealth(answer: Promise<HealthCheckResponse>): Promise<AgentHealth> {
  try {
    return NAMES[(await answer).status] ?? "unknown";
  } catch (error) {
    if (error instanceof ConnectError && error.code === Code.NotFound && error.metadata.has("grpc-status")) {
      return "service-unknown";
    }
    throw error;
  }
}
