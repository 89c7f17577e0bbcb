import { UsageError } from "../error/machine-error.ts";
import { type Token, tokens } from "./tokens.ts";

/** A value in an action: a literal, a path from the current value (or $), or a pipeline. */
export type Operand =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "path"; readonly from: "dot" | "root"; readonly names: readonly string[] }
  | { readonly kind: "variable"; readonly name: string; readonly names: readonly string[] }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline };

/** A function with arguments, or one operand alone. */
export interface Call {
  readonly name: string | undefined;
  readonly operands: readonly Operand[];
}

/** Calls, each taking the result of the one before as its last argument. */
export type Pipeline = readonly Call[];

/** A piece of a template. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | { readonly kind: "assign"; readonly name: string; readonly pipeline: Pipeline }
  | {
      readonly kind: "if" | "with" | "range";
      readonly pipeline: Pipeline;
      readonly variables: readonly string[];
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

/**
 * Reads a template of Go's text/template, as far as scripts use it for such output: fields, pipes,
 * if, with, range, variables and functions. Throws a usage error that says what isn't understood.
 * By hand: npm's few packages for it have next to no users, and what scripts get mustn't change with one.
 */
export function parseTemplate(text: string): Node[] {
  const reader = new Reader(tokens(text));
  const nodes = reader.nodes([]);
  return nodes.nodes;
}

const keywords = new Set(["if", "with", "range", "else", "end"]);

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  /** Reads until the end of the text, or an action that starts with one of these words. */
  nodes(until: readonly string[]): { nodes: Node[]; ending: Words | undefined } {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      this.#at += 1;
      if (token === undefined) {
        if (until.length > 0) {
          throw new UsageError("The template is incomplete: an {{end}} is missing.");
        }
        return { nodes, ending: undefined };
      }
      if (token.kind === "text") {
        nodes.push(token);
        continue;
      }
      const words = new Words(token.words);
      const first = words.peek();
      if (first !== undefined && until.includes(first)) {
        words.next();
        return { nodes, ending: words };
      }
      if (first !== undefined && keywords.has(first)) {
        nodes.push(this.#block(words));
      } else if (first !== undefined) {
        nodes.push(action(words));
      }
    }
  }

  #block(words: Words): Node {
    const kind = words.next();
    if (kind !== "if" && kind !== "with" && kind !== "range") {
      throw new UsageError(`The template has {{${kind}}} without a matching start.`);
    }
    const variables = words.assigned();
    const pipeline = words.pipeline();
    words.expectEnd();
    const { nodes: body, ending } = this.nodes(["else", "end"]);
    return { kind, pipeline, variables, body, otherwise: this.#otherwise(ending) };
  }

  #otherwise(ending: Words | undefined): Node[] {
    if (ending?.opened !== "else") {
      ending?.expectEnd();
      return [];
    }
    if (ending.peek() !== undefined) {
      // {{else if x}} is an if inside of the else, with one {{end}} for both.
      return [this.#block(ending)];
    }
    const { nodes, ending: last } = this.nodes(["end"]);
    last?.expectEnd();
    return nodes;
  }
}

function action(words: Words): Node {
  const [name] = words.assigned();
  const pipeline = words.pipeline();
  words.expectEnd();
  return name === undefined ? { kind: "print", pipeline } : { kind: "assign", name, pipeline };
}

/** The words of one action. */
class Words {
  readonly #words: readonly string[];
  #at = 0;
  /** The keyword that was taken from it last. */
  opened = "";

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  peek(offset = 0): string | undefined {
    return this.#words[this.#at + offset];
  }

  next(): string {
    const word = this.#words[this.#at] ?? "";
    this.#at += 1;
    this.opened = word;
    return word;
  }

  expectEnd(): void {
    const word = this.peek();
    if (word !== undefined) {
      throw unexpected(word);
    }
  }

  /** The names before := or =, without their $. */
  assigned(): string[] {
    const end = this.#words.findIndex((word) => word === ":=" || word === "=");
    if (end < 0) {
      return [];
    }
    const names = this.#words.slice(this.#at, end).filter((word) => word !== ",");
    if (names.some((name) => !/^\$\w+$/.test(name))) {
      throw unexpected(":=");
    }
    this.#at = end + 1;
    return names.map((name) => name.slice(1));
  }

  pipeline(): Pipeline {
    const calls = [this.#call()];
    while (this.peek() === "|") {
      this.next();
      calls.push(this.#call());
    }
    return calls;
  }

  #call(): Call {
    const first = this.peek();
    const isName = first !== undefined && /^[a-z]\w*$/i.test(first) && !isConstant(first);
    const name = isName ? this.next() : undefined;
    const operands: Operand[] = [];
    for (
      let word = this.peek();
      word !== undefined && word !== "|" && word !== ")";
      word = this.peek()
    ) {
      operands.push(this.#operand());
    }
    if (name === undefined && operands.length !== 1) {
      throw operands.length === 0
        ? new UsageError("The template has an action without a value.")
        : new UsageError("The template gives arguments to something that is not a function.");
    }
    return { name, operands };
  }

  #operand(): Operand {
    const word = this.next();
    if (word === "(") {
      const pipeline = this.pipeline();
      if (this.next() !== ")") {
        throw new UsageError("The template has a ( without its ).");
      }
      return { kind: "pipeline", pipeline };
    }
    if (/^["`]/.test(word)) {
      return { kind: "literal", value: unquoted(word) };
    }
    if (/^-?\d+(\.\d+)?$/.test(word)) {
      return { kind: "literal", value: Number(word) };
    }
    if (isConstant(word)) {
      return { kind: "literal", value: word === "nil" ? null : word === "true" };
    }
    const path = /^(\$\w*)?((?:\.\w+)*|\.)$/.exec(word);
    if (path === null || word === "") {
      throw unexpected(word);
    }
    const names = (path[2] ?? "").split(".").filter((name) => name !== "");
    if (path[1] !== undefined && path[1] !== "$") {
      return { kind: "variable", name: path[1].slice(1), names };
    }
    return { kind: "path", from: path[1] === "$" ? "root" : "dot", names };
  }
}

function isConstant(word: string): boolean {
  return word === "true" || word === "false" || word === "nil";
}

function unquoted(word: string): string {
  if (word.startsWith("`")) {
    return word.slice(1, -1);
  }
  try {
    return String(JSON.parse(word));
  } catch (error) {
    throw error instanceof SyntaxError ? unexpected(word) : error;
  }
}

function unexpected(word: string): UsageError {
  return new UsageError(`The template has ${JSON.stringify(word)} where it is not allowed.`);
}
