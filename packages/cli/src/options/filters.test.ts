import type { BoxSummary } from "@a3s/box-runtime";
import { expect, test } from "vitest";
import { parseFilters } from "./filters.ts";

const box: BoxSummary = {
  id: "abc123",
  name: "web-1",
  state: "running",
  image: "docker.io/library/alpine:3.22",
  command: [],
  ports: [],
  exit: { exitCode: 0, signal: null, meaning: "it ended", endedAt: null },
  labels: { team: "a", empty: "" },
};

test.each([
  [[], true],
  [["id=abc"], true],
  [["id=bc"], false],
  [["name=web"], true],
  [["name=db"], false],
  [["name=db", "name=eb-"], true],
  [["status=running", "name=db"], false],
  [["status=exited"], false],
  [["status=exited", "status=running"], true],
  [["health=none"], true],
  [["health=healthy"], false],
  [["exited=0"], true],
  [["exited=1"], false],
  [["label=team"], true],
  [["label=team=a", "label=empty="], true],
  [["label=team=a", "label=other"], false],
  [["label=team=b"], false],
  [["label=toString"], false],
  [["ancestor=docker.io/library/alpine:3.22"], true],
  [["ancestor=alpine:3.22"], true],
  [["ancestor=alpine"], true],
  [["ancestor=alp"], false],
])("%j: %s", (entries, passes) => {
  expect(parseFilters(entries).passes(box)).toBe(passes);
});

test.each(["", "name", "name=", "colour=red", "toString=x"])("%j is refused", (text) => {
  expect(() => parseFilters([text])).toThrow("one of id, name, status");
});

test("docker's name of a state is taken for ours, and names of none are refused", () => {
  expect(parseFilters(["status=exited"]).passes({ ...box, state: "stopped" })).toBe(true);
  expect(() => parseFilters(["status=constructor"])).toThrow("created, starting, running");
});

test("docker's filter of a health is of what its supervisor says", () => {
  expect(parseFilters(["health=unhealthy"]).passes({ ...box, health: "unhealthy" })).toBe(true);
  expect(parseFilters(["health=none"]).passes({ ...box, health: "starting" })).toBe(false);
});

test("filters about the end ask for boxes that do not run", () => {
  expect(parseFilters(["status=exited"]).all).toBe(true);
  expect(parseFilters(["exited=0"]).all).toBe(true);
  expect(parseFilters(["name=web", "label=team"]).all).toBe(false);
});
