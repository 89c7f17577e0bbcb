import { splitWords } from "../unit/split-words.ts";
import type { ServiceCommand } from "./service-definition.ts";

const mostWords = 4096;

/**
 * The commands of one ExecStart= or the like (systemd.service(5), "Command lines"). Throws an Error for a program
 * that is named by no path of its own and no plain name, and for prefixes that need a manager with more rights.
 */
export function readCommands(
  value: string,
  expand: (word: string) => string,
  isRoot: boolean,
): ServiceCommand[] {
  const commands: (string | undefined)[][] = [[]];
  for (const word of splitWords(value)) {
    if (word === undefined) {
      commands.push([]);
    } else {
      commands.at(-1)?.push(word);
    }
  }
  return commands
    .filter((words) => words.length > 0)
    .map((words) =>
      readCommand(
        words.flatMap((word) => word ?? []),
        expand,
        isRoot,
      ),
    );
}

function readCommand(
  words: readonly string[],
  expand: (word: string) => string,
  isRoot: boolean,
): ServiceCommand {
  if (words.length > mostWords) {
    throw new Error(`a command has more than ${mostWords} words`);
  }
  const [first = "", ...rest] = words;
  const prefixes = /^[-:+!@|]*/.exec(first)?.[0] ?? "";
  if (prefixes.includes("@") || prefixes.includes("|")) {
    throw new Error(`the prefix of "${first}" isn't known here`);
  }
  if (!isRoot && /[+!]/.test(prefixes)) {
    throw new Error(`"${first}" asks for rights that a user's services don't have`);
  }
  const program = expand(first.slice(prefixes.length));
  if (!/^(\/[^/]|[^/]+$)/.test(program)) {
    throw new Error(`"${program}" is neither an absolute path nor the name of a program`);
  }
  return {
    argv: [program, ...rest.map(expand)],
    ignoresFailure: prefixes.includes("-"),
    keepsDollars: prefixes.includes(":"),
  };
}

/** Puts variables in: ${NAME} anywhere, $NAME as a word of its own, which is split; "$$" is a dollar sign. */
export function expandVariables(
  { argv, keepsDollars }: ServiceCommand,
  environment: Readonly<Record<string, string>>,
): string[] {
  if (keepsDollars) {
    return [...argv];
  }
  const read = (name: string) =>
    Object.hasOwn(environment, name) ? (environment[name] ?? "") : "";
  const [program = "", ...rest] = argv;
  const words = rest.flatMap((word) => {
    const alone = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(word);
    if (alone !== null) {
      return read(alone[1] ?? "")
        .split(/[ \t\n\r]+/)
        .filter((part) => part !== "");
    }
    return [
      word.replaceAll(/\$(?:\$|\{([A-Za-z_][A-Za-z0-9_]*)\})/g, (_, name: string | undefined) =>
        name === undefined ? "$" : read(name),
      ),
    ];
  });
  return [program, ...words];
}
