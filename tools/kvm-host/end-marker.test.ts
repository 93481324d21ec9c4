import { expect, test } from "vitest";
import { EndMarker } from "./end-marker.ts";

function passed(marker: string, chunks: readonly string[]): { text: string; found: boolean; rest: string } {
  const end = new EndMarker(marker);
  const text = chunks.map((chunk) => end.push(Buffer.from(chunk)).toString()).join("");
  return { text, found: end.found, rest: end.rest().toString() };
}

test("the marker is found however the stream is cut", () => {
  const stream = "abENENDx";
  for (let first = 0; first <= stream.length; first += 1) {
    for (let second = first; second <= stream.length; second += 1) {
      const chunks = [stream.slice(0, first), stream.slice(first, second), stream.slice(second)];
      expect(passed("END", chunks)).toEqual({ text: "abEN", found: true, rest: "" });
    }
  }
});

test("what cannot be the marker's start is passed on at once", () => {
  expect(passed("END", ["progress 50%"])).toEqual({ text: "progress 50%", found: false, rest: "" });
});

test("a stream that ends without its marker loses nothing", () => {
  expect(passed("END", ["aE", "N"])).toEqual({ text: "a", found: false, rest: "EN" });
});

test("a marker whose start repeats in it is found", () => {
  expect(passed("aab", ["a", "aa", "b"])).toEqual({ text: "a", found: true, rest: "" });
});
