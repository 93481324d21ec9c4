import fc from "fast-check";
import { expect, test } from "vitest";
import { parseChallenges } from "./challenge.ts";

function plain(header: string) {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

test.each([
  ["", []],
  ['Basic realm="x"', [["basic", { realm: "x" }]]],
  ["BASIC Realm=x", [["basic", { realm: "x" }]]],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      [
        "bearer",
        { realm: "https://auth.docker.io/token", service: "registry.docker.io", scope: "repository:a/b:pull,push" },
      ],
    ],
  ],
  ['Bearer realm = "a" , service = b', [["bearer", { realm: "a", service: "b" }]]],
  ['Bearer realm="a \\"quoted\\" \\\\ one"', [["bearer", { realm: 'a "quoted" \\ one' }]]],
  [
    'Basic realm="x", Bearer realm="y",service="z"',
    [
      ["basic", { realm: "x" }],
      ["bearer", { realm: "y", service: "z" }],
    ],
  ],
  [
    'Negotiate, Basic realm="x"',
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  [
    'Negotiate dG9rZW4=, Basic realm="x"',
    [
      ["negotiate", {}],
      ["basic", { realm: "x" }],
    ],
  ],
  ['Bearer realm="first",realm="second"', [["bearer", { realm: "first" }]]],
  ['Bearer realm="open', [["bearer", {}]]],
])("%s", (header, expected) => {
  expect(plain(header)).toEqual(expected);
});

test("every parameter that is written in quotes is read back", () => {
  const value = fc.string({ unit: "grapheme-ascii" });
  fc.assert(
    fc.property(value, value, (realm, service) => {
      const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
      expect(plain(`Bearer realm=${quote(realm)}, service=${quote(service)}`)).toEqual([
        ["bearer", { realm, service }],
      ]);
    }),
  );
});

test("every list of challenges is read back, in order", () => {
  const token = fc.stringMatching(/^[a-z][a-z0-9!#$%&'*+.^_`|~-]{0,8}$/);
  const value = fc.string({ unit: "grapheme-ascii", maxLength: 10 });
  const challenge = fc.record({
    scheme: token,
    parameters: fc.uniqueArray(fc.tuple(token, value), { selector: ([name]) => name }),
  });
  const format = ({ scheme, parameters }: { scheme: string; parameters: readonly [string, string][] }) => {
    const written = parameters.map(([name, text]) => `${name}="${text.replace(/["\\]/g, "\\$&")}"`);
    return `${scheme} ${written.join(", ")}`.trim();
  };
  fc.assert(
    fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
      const expected = challenges.map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
      expect(plain(challenges.map(format).join(", "))).toEqual(expected);
    }),
  );
});

test("any header ends in a list, quickly", () => {
  fc.assert(fc.property(fc.string(), (header) => Array.isArray(parseChallenges(header))));
  const start = performance.now();
  for (const unit of ['a="\\', "a=,", 'x y="', "=", "a ", "\\\\"]) parseChallenges(unit.repeat(100_000));
  expect(performance.now() - start).toBeLessThan(1000);
});
