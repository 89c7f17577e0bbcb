import signatures from "./io.podman.json" with { type: "json" };

type Members = Readonly<Record<string, string>>;

const types: Readonly<Record<string, Members>> = signatures.types;
const methods: Readonly<Record<string, { in: Members; out: Members }>> = signatures.methods;
const errors: Readonly<Record<string, Members>> = signatures.errors;

/** All methods of io.podman, by the names that they have in Podman 1.9. */
export const methodNames: readonly string[] = Object.keys(methods);

/** Throws unless all members of a call's parameters are of their types. */
export function checkInput(method: string, value: unknown): void {
  checkMembers(methods[method]?.in, value, method, false);
}

/** Throws unless a reply has all members, each of its type. */
export function checkOutput(method: string, value: unknown): void {
  checkMembers(methods[method]?.out, value, `reply to ${method}`, true);
}

/** Throws unless an error is one of io.podman's, or of every service's, with its members. */
export function checkError(name: string, value: unknown): void {
  const [, last = ""] = /^io\.podman\.(\w+)$/.exec(name) ?? [];
  if (last !== "") {
    checkMembers(errors[last], value, name, true);
  } else if (!/^org\.varlink\.service\.\w+$/.test(name)) {
    throw new Error(`${name} is an error of nobody's`);
  }
}

function checkMembers(
  members: Members | undefined,
  value: unknown,
  where: string,
  isWhole: boolean,
): void {
  if (members === undefined) {
    throw new Error(`${where} is in nobody's list`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${where} is no object`);
  }
  const found = new Map(Object.entries(value));
  for (const [name, type] of Object.entries(members)) {
    const one: unknown = found.get(name);
    if (one === undefined && !isWhole) {
      continue;
    }
    checkType(type, one, `${where}: ${name}`, isWhole);
  }
}

function checkType(type: string, value: unknown, where: string, isWhole: boolean): void {
  const refused = new Error(`${where} is no ${type}: ${JSON.stringify(value)}`);
  if (type.startsWith("?")) {
    if (value !== undefined && value !== null) {
      checkType(type.slice(1), value, where, isWhole);
    }
  } else if (type.startsWith("[]")) {
    if (!Array.isArray(value)) {
      throw refused;
    }
    for (const [index, one] of value.entries()) {
      checkType(type.slice(2), one, `${where}.${index}`, isWhole);
    }
  } else if (type.startsWith("[string]")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw refused;
    }
    for (const [name, one] of Object.entries(value)) {
      checkType(type.slice(8), one, `${where}.${name}`, isWhole);
    }
  } else if (types[type] !== undefined) {
    checkMembers(types[type], value, where, isWhole);
  } else if (!isPlain(type, value)) {
    throw refused;
  }
}

function isPlain(type: string, value: unknown): boolean {
  switch (type) {
    case "bool":
      return typeof value === "boolean";
    case "int":
      return Number.isInteger(value);
    case "float":
      return typeof value === "number";
    default:
      return type === "string" && typeof value === "string";
  }
}
