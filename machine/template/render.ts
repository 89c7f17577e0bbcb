import { UsageError } from "../error/machine-error.ts";
import { functions, isTrue, printed } from "./functions.ts";
import { type Call, type Node, type Operand, type Pipeline, parseTemplate } from "./parse.ts";

/** Fills a template with a value, whose fields a template names with a dot before them. */
export function renderTemplate(template: string, value: unknown): string {
  const scope: Scope = { root: value, dot: value, variables: new Map() };
  return all(parseTemplate(template), scope);
}

interface Scope {
  readonly root: unknown;
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
}

function all(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => one(node, scope)).join("");
}

function one(node: Node, scope: Scope): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "print":
      return printed(evaluate(node.pipeline, scope));
    case "assign":
      scope.variables.set(node.name, evaluate(node.pipeline, scope));
      return "";
    default:
      return block(node, scope);
  }
}

function block(node: Extract<Node, { body: unknown }>, scope: Scope): string {
  const value = evaluate(node.pipeline, scope);
  if (!isTrue(value)) {
    return all(node.otherwise, scope);
  }
  if (node.kind !== "range") {
    const dot = node.kind === "with" ? value : scope.dot;
    return all(node.body, inner(scope, dot, node.variables, [value]));
  }
  return entriesOf(value)
    .map(([key, item]) => {
      const values = node.variables.length === 1 ? [item] : [key, item];
      return all(node.body, inner(scope, item, node.variables, values));
    })
    .join("");
}

function inner(
  scope: Scope,
  dot: unknown,
  names: readonly string[],
  values: readonly unknown[],
): Scope {
  const variables = new Map(scope.variables);
  names.forEach((name, index) => {
    variables.set(name, values[index]);
  });
  return { ...scope, dot, variables };
}

/** Maps go by their sorted keys, as in Go. */
function entriesOf(value: unknown): [unknown, unknown][] {
  if (Array.isArray(value)) {
    return value.map((item, index) => [index, item]);
  }
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  }
  throw new UsageError(`The template ranges over ${JSON.stringify(value)}, which is not a list.`);
}

function evaluate(pipeline: Pipeline, scope: Scope): unknown {
  let before: unknown[] = [];
  for (const call of pipeline) {
    before = [apply(call, before, scope)];
  }
  return before[0];
}

function apply({ name, operands }: Call, before: readonly unknown[], scope: Scope): unknown {
  const values = [...operands.map((operand) => resolve(operand, scope)), ...before];
  if (name === undefined) {
    if (values.length > 1) {
      throw new UsageError("The template pipes into something that is not a function.");
    }
    return values[0];
  }
  const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (run === undefined) {
    throw new UsageError(
      `The template names the function "${name}": there are ${Object.keys(functions).join(", ")}.`,
    );
  }
  return run(values);
}

function resolve(operand: Operand, scope: Scope): unknown {
  switch (operand.kind) {
    case "literal":
      return operand.value;
    case "pipeline":
      return evaluate(operand.pipeline, scope);
    case "variable":
      if (!scope.variables.has(operand.name)) {
        throw new UsageError(`The template names $${operand.name}, which it hasn't set.`);
      }
      return field(scope.variables.get(operand.name), operand.names);
    case "path":
      return field(operand.from === "root" ? scope.root : scope.dot, operand.names);
  }
}

/** A field that isn't there is a wrong template: silence would hide a misspelt name. */
function field(value: unknown, names: readonly string[]): unknown {
  let current = value;
  for (const name of names) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, name)) {
      const there = typeof current === "object" && current !== null ? Object.keys(current) : [];
      throw new UsageError(
        `The template names .${name}: there ${there.length === 0 ? "is nothing in it" : `are .${there.join(", .")}`}.`,
      );
    }
    current = new Map(Object.entries(current)).get(name);
  }
  return current;
}
