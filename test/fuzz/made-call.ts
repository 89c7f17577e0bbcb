import type { IdlInterface, IdlType } from "../../agents/varlink/idl/parse-interface.ts";
import type { Json } from "../../agents/varlink/json/json.ts";

const texts = ["", "a", "web", "../x", "-x", "a=b", "a:b/c:d", "\0", "\n", "ä€", "x".repeat(300)];
const integers = [0, 1, -1, 9, 65_536, 2 ** 31, -(2 ** 31), Number.MAX_SAFE_INTEGER];
const floats = [0, 0.5, -1.5, 1e308, 5e-324];
const deepest = 4;

/** A call of one method whose parameters are of their types, and odd: whatever the bytes choose. */
export function madeCall(idl: IdlInterface, bytes: Uint8Array): Json {
  let at = 0;
  const choose = <T>(all: readonly T[]): T | undefined => {
    at += 1;
    return all[((bytes[at % bytes.length] ?? 0) + at) % Math.max(1, all.length)];
  };
  const make = (type: IdlType, depth: number): Json => {
    switch (type.kind) {
      case "bool":
        return choose([true, false]) ?? false;
      case "int":
        return choose(integers) ?? 0;
      case "float":
        return choose(floats) ?? 0;
      case "string":
        return choose(texts) ?? "";
      case "object":
        return choose([{}, [], "x", 1]) ?? {};
      case "enum":
        return choose(type.names) ?? "";
      case "optional":
        return choose([true, false]) === true ? make(type.of, depth) : null;
      case "list":
        return Array.from({ length: depth > deepest ? 0 : (choose([0, 1, 1, 2]) ?? 0) }, () =>
          make(type.of, depth + 1),
        );
      case "map":
        return Object.fromEntries(
          Array.from({ length: depth > deepest ? 0 : (choose([0, 1]) ?? 0) }, () => [
            choose(texts) ?? "",
            make(type.of, depth + 1),
          ]),
        );
      case "named": {
        const named = idl.types.get(type.name);
        return named === undefined ? null : make(named, depth + 1);
      }
      case "struct":
        return Object.fromEntries(
          [...type.members].flatMap(([name, of]): [string, Json][] =>
            choose([0, 1, 2, 3, 4, 5, 6, 7]) === 0 ? [] : [[name, make(of, depth + 1)]],
          ),
        );
    }
  };
  // Each method as often as any other, whatever bytes are usual.
  const sum = bytes.reduce((total, byte, index) => (total * 31 + byte + index) % 65_521, 0);
  const methods = [...idl.methods];
  const [method, input] = methods[sum % methods.length] ?? [""];
  const parameters = input === undefined ? {} : make(input.input, 0);
  const [more, upgrade] = [choose([true, false]) ?? false, choose([true, true, false]) ?? false];
  return { method: `${idl.name}.${method}`, parameters, more, upgrade };
}
