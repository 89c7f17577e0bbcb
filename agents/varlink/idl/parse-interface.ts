/** What a value must be (https://varlink.org/Interface-Definition). */
export type IdlType =
  | { kind: "bool" | "int" | "float" | "string" | "object" }
  | { kind: "named"; name: string }
  | { kind: "optional" | "list" | "map"; of: IdlType }
  | { kind: "enum"; names: readonly string[] }
  | IdlStruct;

/** Members with their types. */
export interface IdlStruct {
  kind: "struct";
  members: ReadonlyMap<string, IdlType>;
}

/** A method's parameters, and what it replies. */
export interface IdlMethod {
  input: IdlStruct;
  output: IdlStruct;
}

/** A described interface. */
export interface IdlInterface {
  name: string;
  types: ReadonlyMap<string, IdlType>;
  methods: ReadonlyMap<string, IdlMethod>;
  errors: ReadonlyMap<string, IdlStruct>;
}

const token = /\s+|#[^\n]*|->|\[string\]|\[\]|[A-Za-z][A-Za-z0-9_.-]*|[():,?]/y;
const plain = ["bool", "int", "float", "string", "object"] as const;

/** Reads a description. Throws an Error in one line for what is none. */
export function parseInterface(text: string): IdlInterface {
  const words = tokensOf(text);
  let at = 0;
  const peek = () => words[at] ?? "";
  const next = (expected?: string): string => {
    const word = peek();
    if (word === "" || (expected !== undefined && word !== expected)) {
      throw new Error(`a description has "${word}" where ${expected ?? "a word"} ought to be`);
    }
    at += 1;
    return word;
  };
  const readList = (): IdlType => {
    next("(");
    const members = new Map<string, IdlType>();
    const names: string[] = [];
    while (peek() !== ")") {
      const name = next();
      if (peek() === ":") {
        next(":");
        members.set(name, readType());
      } else {
        names.push(name);
      }
      if (peek() !== ")") {
        next(",");
      }
    }
    next(")");
    if (names.length > 0 && members.size > 0) {
      throw new Error("a description has a list of both members and names");
    }
    return names.length > 0 ? { kind: "enum", names } : { kind: "struct", members };
  };
  const readType = (): IdlType => {
    const word = peek();
    if (word === "(") {
      return readList();
    }
    next();
    if (word === "?") {
      return { kind: "optional", of: readType() };
    }
    if (word === "[]" || word === "[string]") {
      return { kind: word === "[]" ? "list" : "map", of: readType() };
    }
    const kind = plain.find((one) => one === word);
    return kind === undefined ? { kind: "named", name: word } : { kind };
  };
  const readStruct = (): IdlStruct => {
    const read = readList();
    if (read.kind !== "struct") {
      throw new Error("a description has names where members ought to be");
    }
    return read;
  };
  next("interface");
  const name = next();
  const types = new Map<string, IdlType>();
  const methods = new Map<string, IdlMethod>();
  const errors = new Map<string, IdlStruct>();
  while (at < words.length) {
    const what = next();
    const called = next();
    if (what === "type") {
      types.set(called, readList());
    } else if (what === "error") {
      errors.set(called, peek() === "(" ? readStruct() : { kind: "struct", members: new Map() });
    } else if (what === "method") {
      const input = readStruct();
      next("->");
      methods.set(called, { input, output: readStruct() });
    } else {
      throw new Error(`a description has "${what}", which is no type, method or error`);
    }
  }
  return { name, types, methods, errors };
}

function tokensOf(text: string): string[] {
  const words: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const before = token.lastIndex;
    const [word] = token.exec(text) ?? [];
    if (word === undefined) {
      throw new Error(`a description has "${text.slice(before, before + 10)}", which is no word`);
    }
    if (!/^[\s#]/.test(word)) {
      words.push(word);
    }
  }
  return words;
}
