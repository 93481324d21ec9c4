import type { BoxSummary } from "@a3s/box-runtime";
import { expect, test } from "vitest";
import { formatBoxes } from "./box-table.ts";

const nowMs = Date.parse("2026-01-31T12:00:00Z");
const box: BoxSummary = {
  id: "abc123abc123",
  name: "web",
  state: "running",
  image: "docker.io/library/nginx:1",
  command: ["nginx", "-g", "daemon off;"],
  labels: {},
  ports: ["127.0.0.1:8080:80/tcp", "[::1]:53:53/tcp"],
  createdAt: "2026-01-31T10:00:00Z",
  startedAt: "2026-01-31T11:00:00Z",
};

test("boxes stand in docker's columns", () => {
  const lines = formatBoxes([box], { nowMs, whole: false }).split("\n");
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ["BOX ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAME"],
    [
      "abc123abc123",
      "nginx:1",
      "nginx -g 'daemon of…",
      "2 hours ago",
      "Up about an hour",
      "127.0.0.1:8080->80/tcp, [::1]:53->53/tcp",
      "web",
    ],
    [""],
  ]);
});

test("a damaged box has a line of its own, and a whole command is not cut", () => {
  const damaged: BoxSummary = { ...box, state: "damaged", command: [], image: "", ports: [], createdAt: undefined };
  expect(formatBoxes([damaged], { nowMs, whole: false })).toMatch(/\nabc123abc123 .* Damaged .* web\n$/);
  expect(formatBoxes([box], { nowMs, whole: true })).toContain("nginx -g 'daemon off;'");
});
