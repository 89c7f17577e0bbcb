import { isObject, type Json } from "../json/json.ts";
import type { IdlInterface, IdlStruct, IdlType } from "./parse-interface.ts";

/** Whether members may be missing that aren't optional: of clients', which then get a type's nothing. */
export type Missing = "allowed" | "refused";

/**
 * The first member that isn't of its type, as a path: "opts.filters"; undefined when all are. Members that aren't
 * described are nobody's business.
 */
export function findMismatch(
  idl: IdlInterface,
  struct: IdlStruct,
  value: Json,
  missing: Missing,
): string | undefined {
  return mismatch(idl, struct, value, missing, "")?.replace(/^\./, "");
}

function mismatch(
  idl: IdlInterface,
  type: IdlType,
  value: Json,
  missing: Missing,
  path: string,
): string | undefined {
  switch (type.kind) {
    case "bool":
      return typeof value === "boolean" ? undefined : path;
    case "int":
      return Number.isInteger(value) ? undefined : path;
    case "float":
      return typeof value === "number" ? undefined : path;
    case "string":
      return typeof value === "string" ? undefined : path;
    case "object":
      return value !== null ? undefined : path;
    case "enum":
      return typeof value === "string" && type.names.includes(value) ? undefined : path;
    case "optional":
      return value === null ? undefined : mismatch(idl, type.of, value, missing, path);
    case "named": {
      const named = idl.types.get(type.name);
      return named === undefined ? path : mismatch(idl, named, value, missing, path);
    }
    case "list":
      if (value === null && missing === "allowed") {
        return undefined;
      }
      return Array.isArray(value)
        ? firstOf(value.entries(), ([index, one]) =>
            mismatch(idl, type.of, one, missing, `${path}.${index}`),
          )
        : path;
    case "map":
      if (value === null && missing === "allowed") {
        return undefined;
      }
      return isObject(value)
        ? firstOf(Object.entries(value), ([name, one]) =>
            mismatch(idl, type.of, one, missing, `${path}.${name}`),
          )
        : path;
    case "struct":
      if (!isObject(value)) {
        return path;
      }
      return firstOf(type.members, ([name, of]) => {
        const one = Object.hasOwn(value, name) ? value[name] : undefined;
        if ((one ?? null) === null && (of.kind === "optional" || missing === "allowed")) {
          return undefined;
        }
        return one === undefined
          ? `${path}.${name}`
          : mismatch(idl, of, one, missing, `${path}.${name}`);
      });
  }
}

function firstOf<T>(all: Iterable<T>, find: (one: T) => string | undefined): string | undefined {
  for (const one of all) {
    const found = find(one);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}
