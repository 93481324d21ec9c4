import { createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../src/gen/grpc/health/v1/health_pb.ts";
import { AGENT_PROTOCOL } from "../../src/index.ts";
import { unixGrpc } from "../unix-grpc.ts";
import type { Held } from "./agent-subject.ts";

const SERVICES = ["AgentService", "FileService", "ProcessService", "SystemService"];

/** grpc.health.v1, Info and SystemService. */
export function healthSuite(held: Held): void {
  describe("health and system", () => {
    test("Check knows the agent and each of its services, and no other", async () => {
      expect(await held.client.health()).toBe("serving");
      for (const service of SERVICES) {
        expect(await held.client.health({ service: `a3s.agent.v1.${service}` })).toBe("serving");
      }
      expect(await held.client.health({ service: "no.such.Service" })).toBe("service-unknown");
    });

    test("Watch answers at once and stays open", async () => {
      using grpc = unixGrpc(held.client.socketPath);
      const health = createClient(Health, grpc.transport);
      for (const [service, status] of [
        ["", Status.SERVING],
        ["no.such.Service", Status.SERVICE_UNKNOWN],
      ] as const) {
        const updates = health.watch({ service })[Symbol.asyncIterator]();
        expect((await updates.next()).value).toMatchObject({ status });
        const next = updates.next().then(
          () => "more",
          () => "broken",
        );
        expect(await Promise.race([next, held.client.health()])).toBe("serving");
      }
    });

    test("Info is complete", async () => {
      const info = await held.client.info();
      expect(info).toMatchObject({ protocol: AGENT_PROTOCOL, agentVersion: expect.stringMatching(/^\d+\.\d+\.\d+/) });
      expect(info.machine).toMatch(/^\w+$/);
      expect(info.kernelRelease).toMatch(/^\d+\.\d+/);
      expect(info.hostname).not.toBe("");
      expect(info.uptimeMs).toBeGreaterThanOrEqual(0);
    });

    test("stats are in milliseconds and bytes, and grow", async () => {
      const { system } = held.client;
      const stats = await system.stats();
      expect(stats.cpu.count).toBeGreaterThanOrEqual(1);
      expect(stats.memory.totalBytes).toBeGreaterThan(64 * 1024 * 1024);
      expect(stats.memory.availableBytes).toBeLessThanOrEqual(stats.memory.totalBytes);
      expect(stats.network.receivedBytes).toBeGreaterThanOrEqual(0);
      expect(stats.taskCount).toBeGreaterThan(1);
      const next = await system.stats();
      expect(next.cpu.userMs + next.cpu.idleMs).toBeGreaterThanOrEqual(stats.cpu.userMs + stats.cpu.idleMs);
      expect(next.uptimeMs).toBeGreaterThan(stats.uptimeMs);
    });

    test("a sync is done when it resolves", async () => {
      await held.client.system.sync({ timeoutMs: 60_000 });
    });

    test("clock and random numbers are set where they are the agent's, and the clock refused where not", async () => {
      const { system } = held.client;
      if (held.traits.ownsMachine) {
        await system.setTime();
        await system.reseedRandom();
      } else {
        await expect(system.setTime()).rejects.toMatchObject({
          code: "AGENT_CALL_FAILED",
          details: { status: "FailedPrecondition" },
        });
      }
      await expect(system.setTime(new Date(0))).rejects.toMatchObject({ details: { status: "InvalidArgument" } });
    });
  });
}
