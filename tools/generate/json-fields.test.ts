import { expect, test } from "vitest";
import { fieldRows } from "./json-fields.ts";

test("fields have their whole names, types and meanings", () => {
  const shape = {
    type: "array",
    items: {
      type: "object",
      required: ["name", "layers", "state"],
      properties: {
        name: { type: "string", description: "its name" },
        createdAt: { type: "string" },
        state: { enum: ["up", "down"] },
        exit: { anyOf: [{ type: "number" }, { type: "null" }] },
        labels: { type: "object", additionalProperties: { type: "string" } },
        layers: {
          type: "array",
          description: "lowest first",
          items: { type: "object", required: ["size"], properties: { size: { type: "number" } } },
        },
      },
    },
  };
  expect(fieldRows(shape)).toEqual([
    { field: "[].name", type: "string", meaning: "its name" },
    { field: "[].createdAt?", type: "string", meaning: "" },
    { field: "[].state", type: '"up" or "down"', meaning: "" },
    { field: "[].exit?", type: "number or null", meaning: "" },
    { field: "[].labels?", type: "object of string", meaning: "" },
    { field: "[].layers", type: "object[]", meaning: "lowest first" },
    { field: "[].layers[].size", type: "number", meaning: "" },
  ]);
});
