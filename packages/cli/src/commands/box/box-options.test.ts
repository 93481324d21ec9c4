import { parseBoxConfig } from "@a3s/core";
import { Command } from "commander";
import { expect, test } from "vitest";
import { withBoxOptions } from "../../program/box-options.ts";
import { boxConfigOf } from "./box-options.ts";

test("nothing but an image is the configuration with all defaults", () => {
  expect(parse("alpine")).toEqual(parseBoxConfig({ image: "alpine" }));
});

test("every flag has its field", () => {
  const flags =
    "--cpus 3 -m 2g --disk 512m --entrypoint /bin/x -e A=1 --tmpfs /run -v data:/d:ro --network tsi -p 0.0.0.0:8080:80 " +
    "-h web --add-host db:10.0.0.2 --dns 9.9.9.9 --dns-search corp.example --dns-option ndots:2 -w /srv -u 1:2 --cap-add NET_ADMIN --cap-drop ALL --ulimit nofile=1:2 --stop-signal int --stop-timeout 3 " +
    "-l a=b --pull never --platform linux/amd64 --boot-timeout 9 image --flag of the command";
  expect(parse(...flags.split(" "))).toMatchObject({
    image: "image",
    command: ["--flag", "of", "the", "command"],
    entrypoint: ["/bin/x"],
    vcpus: 3,
    memoryMib: 2048,
    diskMib: 512,
    env: { A: "1" },
    tmpfs: [{ target: "/run" }],
    volumes: [{ source: "data", target: "/d", readOnly: true }],
    network: "tsi",
    ports: [{ hostAddress: "0.0.0.0", hostPort: 8080, guestPort: 80, protocol: "tcp" }],
    hostname: "web",
    extraHosts: [{ name: "db", address: "10.0.0.2" }],
    dns: { servers: ["9.9.9.9"], search: ["corp.example"], options: ["ndots:2"] },
    workdir: "/srv",
    user: "1:2",
    capabilities: { add: ["NET_ADMIN"], drop: ["ALL"] },
    ulimits: { nofile: { soft: 1, hard: 2 } },
    stopSignal: "SIGINT",
    stopGraceMs: 3000,
    labels: { a: "b" },
    pullPolicy: "never",
    platform: "linux/amd64",
    bootTimeoutMs: 9000,
  });
});

test("an empty entrypoint is none", () => {
  expect(parse("--entrypoint", "", "alpine", "ls").entrypoint).toEqual([]);
});

/** The configuration that flags make, as the runtime takes it. */
function parse(...flags: readonly string[]) {
  const command = withBoxOptions(new Command()).argument("<image>").argument("[command...]").passThroughOptions();
  command.exitOverride().parse([...flags], { from: "user" });
  const [image = "", ...words] = command.args;
  return parseBoxConfig(boxConfigOf({ ...command.opts(), image, command: words }));
}
