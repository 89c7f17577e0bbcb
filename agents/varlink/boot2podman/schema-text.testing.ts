import type { IdlInterface, IdlType } from "../idl/parse-interface.ts";
import { isObject } from "../json/json.ts";

/** A type of Varlink's language with every name looked up, members sorted: for comparing. */
export function idlText(idl: IdlInterface, type: IdlType): string {
  switch (type.kind) {
    case "optional":
      return `?${idlText(idl, type.of)}`;
    case "list":
      return `[]${idlText(idl, type.of)}`;
    case "map":
      return `[string]${idlText(idl, type.of)}`;
    case "named": {
      const named = idl.types.get(type.name);
      return named === undefined ? `${type.name}, which is nowhere` : idlText(idl, named);
    }
    case "enum":
      return `(${[...type.names].sort().join(" ")})`;
    case "struct":
      return structText([...type.members].map(([name, of]) => [name, idlText(idl, of)]));
    default:
      return type.kind;
  }
}

/** What JSON Schema says, in the same form. */
export function schemaText(schema: unknown): string {
  if (!isObject(schema)) {
    return "none";
  }
  const { type, items, properties, required, anyOf } = schema;
  if (Array.isArray(anyOf)) {
    const others = anyOf.filter((one) => !isObject(one) || one.type !== "null");
    return `?${schemaText(others[0]).replace(/^\?/, "")}`;
  }
  if (Array.isArray(type)) {
    return `?${schemaText({ type: type.find((one) => one !== "null") ?? "null" })}`;
  }
  if (Array.isArray(schema.enum)) {
    const isNames = schema.enum.every((one) => /^[a-z]\w*$/i.test(String(one)));
    return isNames ? `(${schema.enum.map(String).sort().join(" ")})` : "string";
  }
  switch (type) {
    case "boolean":
      return "bool";
    case "integer":
      return "int";
    case "number":
      return "float";
    case "string":
      return "string";
    case "array":
      return `[]${schemaText(items)}`;
    case "object": {
      // A loose one is whatever it is.
      if (!isObject(properties) || schema.additionalProperties !== false) {
        return "object";
      }
      const names = Array.isArray(required) ? required : [];
      return structText(
        Object.entries(properties).map(([name, of]) => {
          const text = schemaText(of);
          return [name, names.includes(name) || text.startsWith("?") ? text : `?${text}`];
        }),
      );
    }
    default:
      // Unknown, which may be null.
      return "?object";
  }
}

function structText(members: readonly (readonly [string, string])[]): string {
  const lines = members.map(([name, text]) => `${name}: ${text}`);
  return `(${lines.sort().join(", ")})`;
}
