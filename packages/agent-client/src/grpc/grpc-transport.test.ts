import { expect, test, vi } from "vitest";
import { FileService } from "../gen/a3s/agent/v1/files_pb.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { GrpcTransport } from "./grpc-transport.ts";

test("what cannot be written, and a call that is given up already, open no stream", async () => {
  const open = vi.fn();
  const transport = new GrpcTransport(open, 1024);
  const { read } = FileService.method;
  async function* unwritable() {
    yield { offset: -1n };
  }
  await expect(transport.stream(read, undefined, undefined, undefined, unwritable())).rejects.toThrow("offset");
  async function* nothing(): AsyncGenerator<Record<string, never>> {}
  await expect(transport.stream(read, undefined, undefined, undefined, nothing())).rejects.toThrow("no message");
  const check = transport.unary(Health.method.check, AbortSignal.abort(), undefined, undefined, {});
  await expect(check).rejects.toMatchObject({ name: "ConnectError" });
  expect(open).not.toHaveBeenCalled();
});
