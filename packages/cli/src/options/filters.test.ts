import { expect, test } from "vitest";
import { parseFilters } from "./filters.ts";

const box = {
  id: "abc123",
  name: "web-1",
  state: "running",
  image: "docker.io/library/alpine:3.22",
  exitCode: 0,
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
  [["exited=0"], true],
  [["exited=1"], false],
  [["label=team"], true],
  [["label=team=a", "label=empty="], true],
  [["label=team=a", "label=other"], false],
  [["label=team=b"], false],
  [["label=toString"], false],
  [["ancestor=docker.io/library/alpine:3.22"], true],
])("%j: %s", (entries, passes) => {
  expect(parseFilters(entries)(box)).toBe(passes);
});

test.each(["", "name", "name=", "colour=red", "toString=x"])("%j is refused", (text) => {
  expect(() => parseFilters([text])).toThrow("one of id, name, status");
});
