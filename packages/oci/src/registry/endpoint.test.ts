import { expect, test } from "vitest";
import { parseReference } from "../reference/reference.ts";
import { isAllowedUrl, repositoryUrl } from "./endpoint.ts";

test.each([
  ["redis", [], "https://registry-1.docker.io/v2/library/redis/"],
  ["ghcr.io/a/b", [], "https://ghcr.io/v2/a/b/"],
  ["localhost/a", [], "http://localhost/v2/a/"],
  ["localhost:5000/a", [], "http://localhost:5000/v2/a/"],
  ["127.8.9.1:5000/a", [], "http://127.8.9.1:5000/v2/a/"],
  ["[::1]:5000/a", [], "http://[::1]:5000/v2/a/"],
  ["[0:0::1]/a", [], "http://[::1]/v2/a/"],
  ["127.0.0.1.example.com/a", [], "https://127.0.0.1.example.com/v2/a/"],
  ["reg.lan:5000/a", [], "https://reg.lan:5000/v2/a/"],
  ["reg.lan:5000/a", ["reg.lan:5000"], "http://reg.lan:5000/v2/a/"],
  ["reg.lan:5000/a", ["reg.lan"], "http://reg.lan:5000/v2/a/"],
  ["reg.lan:5000/a", ["reg.lan:5001"], "https://reg.lan:5000/v2/a/"],
])("%s with insecure %j is at %s", (reference, insecure, expected) => {
  expect(repositoryUrl(parseReference(reference), insecure).href).toBe(expected);
});

test("TLS is spoken to the loopback where it is set up", () => {
  const named = ({ host }: URL) => host === "localhost:5000";
  expect(repositoryUrl(parseReference("localhost:5000/a"), [], named).protocol).toBe("https:");
  expect(repositoryUrl(parseReference("localhost:5001/a"), [], named).protocol).toBe("http:");
});

test.each([
  ["https://example.com/", "https://reg.io/", true],
  ["http://example.com/", "https://reg.io/", false],
  ["http://named.lan:1/", "https://reg.io/", true],
  ["http://127.0.0.1:1/", "https://reg.io/", false],
  ["http://127.0.0.1:1/", "http://named.lan/", false],
  ["http://127.0.0.1:1/", "http://localhost:5000/", true],
  ["file:///etc/passwd", "https://reg.io/", false],
  ["ftp://127.0.0.1/", "http://127.0.0.1/", false],
])("%s may be followed from %s: %s", (url, from, expected) => {
  expect(isAllowedUrl(new URL(url), new URL(from), ["named.lan"])).toBe(expected);
});
