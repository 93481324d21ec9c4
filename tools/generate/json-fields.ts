/** What of a JSON schema describes plain data. */
export interface JsonShape {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonShape>>;
  readonly required?: readonly string[];
  readonly items?: JsonShape;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonShape[];
  readonly additionalProperties?: boolean | JsonShape;
}

/** A field by its whole name, such as `[].layers[].digest`. */
export interface FieldRow {
  readonly field: string;
  readonly type: string;
  readonly meaning: string;
}

/** Every field of a shape that holds something itself, in order; objects and arrays that say what they mean have a row, too. */
export function fieldRows(shape: JsonShape, name = ""): FieldRow[] {
  const inner = innerRows(shape, name);
  if (inner.length > 0 && shape.description === undefined) return inner;
  const row = { field: name === "" ? "." : name, type: typeOf(shape), meaning: shape.description ?? "" };
  return [row, ...inner];
}

function innerRows(shape: JsonShape, name: string): FieldRow[] {
  // An element's description is its array's.
  if (shape.items !== undefined) return innerRows(shape.items, `${name}[]`);
  return Object.entries(shape.properties ?? {}).flatMap(([key, value]) => {
    const mark = shape.required?.includes(key) ? "" : "?";
    return fieldRows(value, `${name === "" ? "" : `${name}.`}${key}${mark}`);
  });
}

function typeOf(shape: JsonShape): string {
  if (shape.anyOf !== undefined) return shape.anyOf.map(typeOf).join(" or ");
  if (shape.enum !== undefined) return shape.enum.map((value) => JSON.stringify(value)).join(" or ");
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.items !== undefined) return `${typeOf(shape.items)}[]`;
  if (typeof shape.additionalProperties === "object") return `object of ${typeOf(shape.additionalProperties)}`;
  return shape.type ?? "any";
}
