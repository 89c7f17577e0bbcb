import { UsageError } from "../error/machine-error.ts";
import type { ListedMachine } from "../life/list.ts";

const keys = ["driver", "state", "name", "label"];

/**
 * A machine is kept when it fits one of the values of every key. Throws for a key that there isn't.
 */
export function parseFilters(filters: readonly string[]): (machine: ListedMachine) => boolean {
  const byKey = new Map<string, string[]>();
  for (const filter of filters) {
    const [key = "", ...rest] = filter.split("=");
    if (rest.length === 0 || !keys.includes(key)) {
      throw new UsageError(
        `Unsupported filter "${filter}": expected driver=, state=, name= or label=.`,
      );
    }
    byKey.set(key, [...(byKey.get(key) ?? []), rest.join("=")]);
  }
  const names = (byKey.get("name") ?? []).map(expression);
  return (machine) =>
    isAmong(byKey.get("driver"), machine.driver) &&
    isAmong(byKey.get("state"), machine.state) &&
    hasLabel(byKey.get("label"), machine.labels) &&
    (names.length === 0 || names.some((name) => name.test(machine.name)));
}

function isAmong(values: readonly string[] | undefined, value: string): boolean {
  return values?.some((other) => other.toLowerCase() === value.toLowerCase()) ?? true;
}

/** A label is asked for with its value, or by its key alone. */
function hasLabel(wanted: readonly string[] | undefined, labels: readonly string[]): boolean {
  return (
    wanted?.some((one) =>
      labels.some((label) =>
        one.includes("=")
          ? label.toLowerCase() === one.toLowerCase()
          : label.toLowerCase().startsWith(`${one.toLowerCase()}=`),
      ),
    ) ?? true
  );
}

function expression(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`"${text}" is not a regular expression.`);
  }
}
